/** A commissioner for programs that want nothing else: web pages' elements, installers. */
import type { CommissionOptions } from "./commissioning.js";
import { Controller, type ControllerOptions } from "./controller.js";
import type { CommissioningRun } from "./run.js";
import type { NetworkCredentials } from "./types.js";

/** The program's part in a commissioning: what only it, or a person, can decide. */
export interface Decisions {
    attestation?: NonNullable<CommissionOptions["onAttestation"]>;
    network?: NonNullable<CommissionOptions["onNetwork"]>;
}

export interface CommissionerOptions extends ControllerOptions {
    /** Where network credentials come from when {@link Decisions.network} is not there. */
    networks?: NetworkCredentials;
    decide?: Decisions;
    /** Goes on with certified devices only, and does not ask. */
    certifiedOnly?: boolean;
}

/** Opens a fabric and waits for devices to bring into it. Needs no DOM, no files and no socket: storage and transport are the host's. */
export async function createCommissioner(options: CommissionerOptions): Promise<Commissioner> {
    const { networks, decide = {}, certifiedOnly, ...rest } = options;
    const defaults: CommissionOptions = {
        ...(networks === undefined ? {} : { networks }), ...(certifiedOnly === undefined ? {} : { certifiedOnly }),
        ...(decide.attestation === undefined ? {} : { onAttestation: decide.attestation }), ...(decide.network === undefined ? {} : { onNetwork: decide.network }),
    };
    return new Commissioner(await Controller.open(rest), defaults);
}

export class Commissioner implements AsyncDisposable {
    /** The fabric's administrator: for what comes after. */
    readonly controller: Controller;
    readonly #defaults: CommissionOptions;

    /** @internal */
    constructor(controller: Controller, defaults: CommissionOptions) {
        this.controller = controller;
        this.#defaults = defaults;
    }

    /** Begins to bring a device into the fabric. Never throws: what is wrong is told by {@link CommissioningRun.commissioned}. */
    start(code: string, options: CommissionOptions = {}): CommissioningRun {
        return this.controller.startCommissioning(code, { ...this.#defaults, ...options });
    }

    /** Ends everything; commissionings fail. */
    close(): Promise<void> {
        return this.controller.close();
    }

    [Symbol.asyncDispose](): Promise<void> {
        return this.close();
    }
}
