/** A certificate authority whose keys are WebCrypto's: the core says what is to be signed and makes the certificate of it. */
import type { FabricAuthority } from "../commission/types.js";
import type { Core } from "../core.js";
import { ImplementationError } from "../errors.js";
import { sign, type Identity, type SigningKeys } from "./keys.js";

/** Seconds from 1970 to 2000, where Matter's time begins. */
const matterEpoch = 946_684_800;

/** What an authority needs of whoever keeps the home. */
export interface AuthorityHost {
    /** Throws when the home is gone. */
    check(): void;
    /** 16 octets, the caller's. */
    ipk(): Promise<Uint8Array>;
    allocateNodeId(): Promise<bigint>;
    /** Notes that a node ID is in use, wherever it came from. */
    reserve(nodeId: bigint): Promise<void>;
}

export class HomeAuthority implements FabricAuthority {
    readonly fabricId: bigint;
    readonly rootCertificate: Uint8Array;
    readonly adminNodeId: bigint;
    readonly adminVendorId: number;
    readonly label: string;
    readonly #core: Core;
    readonly #noc: Uint8Array;
    readonly #keys: SigningKeys;
    readonly #host: AuthorityHost;

    constructor(core: Core, identity: Identity, keys: SigningKeys, host: AuthorityHost) {
        this.fabricId = identity.fabricId;
        this.rootCertificate = identity.rootCertificate;
        this.adminNodeId = identity.adminNodeId;
        this.adminVendorId = identity.adminVendorId;
        this.label = identity.label;
        this.#core = core;
        this.#noc = identity.noc;
        this.#keys = keys;
        this.#host = host;
    }

    async ipk(): Promise<Uint8Array> {
        this.#host.check();
        return this.#host.ipk();
    }

    async allocateNodeId(): Promise<bigint> {
        this.#host.check();
        return this.#host.allocateNodeId();
    }

    /** @throws {@link CertificateError} for a request that is malformed or not signed by its own key */
    async issue({ csr, nodeId }: { csr: Uint8Array; nodeId: bigint }): Promise<{ noc: Uint8Array }> {
        this.#host.check();
        if (nodeId === this.adminNodeId) throw new ImplementationError("this node ID is the administrator's own");
        const noc = await issueNoc(this.#core, this.#keys.rootKey, { rootCertificate: this.rootCertificate, fabricId: this.fabricId, nodeId, csr });
        await this.#host.reserve(nodeId);
        return { noc };
    }

    async operationalIdentity(): Promise<{ noc: Uint8Array; sign(data: Uint8Array): Promise<Uint8Array> }> {
        this.#host.check();
        return {
            noc: this.#noc,
            sign: data => {
                this.#host.check();
                return sign(this.#keys.operationalKey, data);
            },
        };
    }
}

/** A root's certificate for its own key. */
export async function issueRoot(core: Core, rootKey: CryptoKey, publicKey: Uint8Array): Promise<Uint8Array> {
    const { tbs, pending } = core.request("prepareRoot", { publicKey, utc: utc() });
    return core.request("finishCertificate", { pending, signature: await sign(rootKey, tbs) }).certificate;
}

/** A node's certificate, for the key of a request or for one that is given. */
export async function issueNoc(
    core: Core,
    rootKey: CryptoKey,
    request: { rootCertificate: Uint8Array; fabricId: bigint; nodeId: bigint } & ({ csr: Uint8Array } | { publicKey: Uint8Array }),
): Promise<Uint8Array> {
    const { tbs, pending } = core.request("prepareNoc", { ...request, utc: utc() });
    const { rootCertificate } = request;
    return core.request("finishCertificate", { pending, signature: await sign(rootKey, tbs), rootCertificate }).certificate;
}

/** A 64-bit number for a fabric: never 0. */
export function randomFabricId(): bigint {
    return random64(id => id !== 0n);
}

/** Operational node IDs are those from 1 to FFFFFFEFFFFFFFFF. Matter Core §2.5.5. */
export function randomNodeId(): bigint {
    return random64(id => id !== 0n && id <= 0xffff_ffef_ffff_ffffn);
}

function random64(accept: (id: bigint) => boolean): bigint {
    for (;;) {
        const [id = 0n] = crypto.getRandomValues(new BigUint64Array(1));
        if (accept(id)) return id;
    }
}

function utc(): number {
    return Math.max(0, Math.floor(Date.now() / 1000) - matterEpoch);
}
