/** What a controller keeps in its host's storage, beside the fabric itself: its nodes, and how to resume with them. */
import { StorageError } from "../errors.js";
import { hexOf } from "../hex.js";
import { arrayOf, decodeAs, encodeAs, field, id64, octets, optional, struct, text, uint16, uint64, uint8, type Schema } from "../schema.js";
import type { CredentialStore } from "./types.js";

/** A node of the fabric. */
export interface KnownNode {
    nodeId: bigint;
    vendorId: number;
    productId: number;
    name?: string | undefined;
    serialNumber?: string | undefined;
    vendorName?: string | undefined;
    productName?: string | undefined;
    /** Where it was last, as {@link showAddress} writes it. */
    address?: string | undefined;
    /** Milliseconds since 1970. */
    commissionedAt: bigint;
}

interface NodeList {
    version: number;
    compressedFabricId: Uint8Array;
    nodes: readonly KnownNode[];
}
const nodeList: Schema<NodeList> = struct({
    version: field(0, uint8),
    compressedFabricId: field(1, octets(8, 8)),
    nodes: field(2, arrayOf(struct<KnownNode>({
        nodeId: field(0, id64), vendorId: field(1, uint16), productId: field(2, uint16), name: optional(3, text()), serialNumber: optional(4, text()),
        address: optional(5, text()), commissionedAt: field(6, uint64), vendorName: optional(7, text()), productName: optional(8, text()),
    }))),
});

const key = "nodes";
const resumptionKey = (nodeId: bigint): string => `resumption-${nodeId.toString(16).padStart(16, "0")}`;

/** The list is small and written whole; the store's lock keeps two processes from losing each other's changes. */
export class NodeStore {
    readonly #storage: CredentialStore;
    readonly #fabric: Uint8Array;

    constructor(storage: CredentialStore, compressedFabricId: Uint8Array) {
        this.#storage = storage;
        this.#fabric = compressedFabricId;
    }

    async list(): Promise<readonly KnownNode[]> {
        const stored = await this.#storage.load(key);
        if (stored === undefined) return [];
        let list: NodeList;
        try {
            list = decodeAs(nodeList, stored);
        } catch (cause) {
            throw new StorageError("the stored list of nodes cannot be read: it is damaged, or of a newer version", { cause });
        }
        if (hexOf(list.compressedFabricId) !== hexOf(this.#fabric)) {
            throw new StorageError(`this storage holds the nodes of fabric ${hexOf(list.compressedFabricId).toUpperCase()}, not of ${hexOf(this.#fabric).toUpperCase()}`);
        }
        return list.nodes;
    }

    /** Adds a node, or replaces what is known of it. */
    put(node: KnownNode): Promise<void> {
        return this.#change(nodes => [...nodes.filter(other => other.nodeId !== node.nodeId), node]);
    }

    /** Notes where a node is now. Writes only if that is news. */
    async moved(nodeId: bigint, address: string): Promise<void> {
        const known = (await this.list()).find(node => node.nodeId === nodeId);
        if (known === undefined || known.address === address) return;
        await this.#change(nodes => nodes.map(node => (node.nodeId === nodeId ? { ...node, address } : node)));
    }

    async remove(nodeId: bigint): Promise<void> {
        await this.#change(nodes => nodes.filter(node => node.nodeId !== nodeId));
        await this.#storage.remove(resumptionKey(nodeId));
    }

    /** Writes the list as it is and reads it back: to know that storage works before it matters. */
    check(): Promise<void> {
        return this.#change(nodes => nodes);
    }

    async resumptions(): Promise<Uint8Array[]> {
        const records = await Promise.all((await this.list()).map(node => this.#storage.load(resumptionKey(node.nodeId))));
        return records.filter(record => record !== undefined);
    }

    saveResumption(nodeId: bigint, record: Uint8Array): Promise<void> {
        return this.#storage.save(resumptionKey(nodeId), record);
    }

    #change(change: (nodes: readonly KnownNode[]) => readonly KnownNode[]): Promise<void> {
        return this.#storage.exclusive(key, async () => {
            const value = encodeAs(nodeList, { version: 1, compressedFabricId: this.#fabric, nodes: change(await this.list()) });
            await saveDurably(this.#storage, key, value);
        });
    }
}

/** Saves and reads back. */
export async function saveDurably(storage: CredentialStore, name: string, value: Uint8Array): Promise<void> {
    await storage.save(name, value);
    const back = await storage.load(name);
    if (back === undefined || hexOf(back) !== hexOf(value)) throw new StorageError(`"${name}" was saved but does not read back the same`);
}
