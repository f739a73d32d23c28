/** Compiled, never run: where the types of matter.js 0.9.4 fit the handshakes, and what does not compile. */
import type { Fabric as TheirFabric } from "@project-chip/matter.js/fabric";
import type { MessageExchange } from "@project-chip/matter.js/protocol";
import type { TlvSchema, TypeFromSchema } from "@project-chip/matter.js/tlv";
import type * as theirs from "@project-chip/matter.js/session";
import {
    CaseClient, CaseServer, CaseServerMessenger, PaseClient, PaseClientMessenger, PaseServer, SecureSession, SessionManager, TlvCaseSigma1, TlvPbkdfParamRequest, TlvSessionParameters,
    type HandshakeExchange, type HandshakeFabric, type PaseServerContext,
} from "matter-session/session";

type Theirs = typeof theirs;
type Message<K extends keyof Theirs> = Theirs[K] extends TlvSchema<infer _> ? TypeFromSchema<Theirs[K]> : never;

// Theirs may be given where ours is asked for.
export function fits(fabric: TheirFabric, exchange: MessageExchange<unknown>, sigma1: Message<"TlvCaseSigma1">, request: Message<"TlvPbkdfParamRequest">): void {
    const _fabric: HandshakeFabric = fabric;
    const _exchange: HandshakeExchange<unknown> = exchange;
    const octets: Uint8Array[] = [TlvCaseSigma1.encode(sigma1), TlvPbkdfParamRequest.encode(request), TlvSessionParameters.encode({ idleIntervalMs: 1 })];
    void [_fabric, _exchange, octets];
}

// Ours has the members of theirs, with its arguments and results.
export function replaces(client: PaseClient, server: PaseServer, caseServer: CaseServer): void {
    const _client: Pick<InstanceType<Theirs["PaseClient"]>, never> = client;
    const _statics: Pick<Theirs["PaseClient"], "generatePakePasscodeVerifier" | "generateRandomDiscriminator" | "generateRandomPasscode"> = PaseClient;
    const _server: Pick<InstanceType<Theirs["PaseServer"]>, "getId" | "close"> = server;
    const _case: Pick<InstanceType<Theirs["CaseServer"]>, "getId" | "close"> = caseServer;
    void [_client, _statics, _server, _case];
}

interface Host extends PaseServerContext<SecureSession<Host>> {
    readonly sessionManager: SessionManager<Host>;
}

export async function typed(host: Host, exchange: HandshakeExchange<Host>, fabric: HandshakeFabric): Promise<void> {
    const session: SecureSession<Host> = await new PaseClient().pair(host, exchange, 20202021);
    const server: PaseServer = await PaseServer.fromPin(20202021, { iterations: 1000, salt: new Uint8Array(16) });
    await server.onNewExchange(exchange);
    const { request } = await new PaseClientMessenger(exchange).readPbkdfParamResponse().then(() => ({ request: TlvPbkdfParamRequest.decode(new Uint8Array()) }));
    const id: number = request.sessionId, interval: number | undefined = request.sessionParams?.idleIntervalMs;
    void [session, id, interval];

    // @ts-expect-error: a passcode is a number
    void new PaseClient().pair(host, exchange, "20202021");
    // @ts-expect-error: a host of PASE alone keeps no records
    void new CaseClient().pair(host, exchange, fabric, 1n);
    // @ts-expect-error: a verifier is octets
    void PaseServer.fromVerificationValue("00");
    // @ts-expect-error: a responder of CASE finds fabrics
    void new CaseServerMessenger(exchange);
    // @ts-expect-error: a message lacks members
    void TlvCaseSigma1.encode({ random: new Uint8Array(32) });
}
