// A peer for tests: a matter.js light that is new, on no network, and spoken to over Bluetooth. Its Bluetooth is GATT
// operations as JSON lines; what makes messages of them is matter.js's own BTP session handler. UDP, on loopback unless
// multicast is asked for, it hears and sends only once it was told a network and has joined it.
//
//     node ble-device.mjs [--network wifi|thread] [--largest 244] [--passcode N] [--discriminator N] [--multicast] [--verbose]
//
// --largest is the longest value that its side of the link carries, in octets: the ATT_MTU less 3.
//
// Prints first {"ready": true, "qr", "manual", "passcode", "discriminator", "port"}, then
//     {"advertising": bool}  {"commissioned": bool}  {"onOff": bool}  {"session": "opened" | "closed", "kind": "pase" | "case"}
//     {"indicate": base64}: the value of C2; the next one comes after "confirmed"    {"disconnect": true}: it breaks off
//     {"joined": network}: it is on the network now, and hears UDP
// Commands on standard input, answered at once; "largest" changes what --largest said, from the next connection on:
//     {"do": "connected"} {"do": "write", "value": base64} {"do": "subscribe", "on": bool} {"do": "confirmed"} {"do": "disconnected"}
//     {"do": "largest", "octets": number}
//     {"do": "state"}   {"do": "erase"}: factory reset    {"do": "joining", "silently": bool}: ConnectNetwork gets no answer, the device
//     breaks off and joins, as many do    {"do": "lapse"}: the time of the fail-safe, if it is armed, is over now
//
// The networks in reach: Wi-Fi "Home" (password "correct horse"), "Café ☕" (open), hidden ones; Thread "Home Thread".

import { Bytes, ChannelType, Environment, Network, Time } from "@matter/general";
import { ServerNode, VendorId } from "@matter/main";
import { NetworkCommissioningServer } from "@matter/main/behaviors/network-commissioning";
import { GeneralCommissioningServer } from "@matter/main/behaviors/general-commissioning";
import { NetworkCommissioning } from "@matter/main/clusters/network-commissioning";
import { OnOffLightDevice } from "@matter/main/devices/on-off-light";
import { Ble, BleChannel, BtpSessionHandler, SessionManager } from "@matter/main/protocol";
import { parseArgs } from "node:util";
import { describe, prepare, print, serve } from "./matterjs.mjs";

const { values: options } = parseArgs({
    options: {
        network: { type: "string", default: "wifi" },
        largest: { type: "string", default: "244" },
        passcode: { type: "string", default: "20202021" },
        discriminator: { type: "string", default: "3840" },
        multicast: { type: "boolean", default: false },
        verbose: { type: "boolean", default: false },
    },
});

const environment = prepare(options);
const { Success, NetworkNotFound, NetworkIdNotFound, AuthFailure } = NetworkCommissioning.NetworkCommissioningStatus;

// ---- Bluetooth

/** One BTP session as matter.js sends on it. */
class Channel extends BleChannel {
    name = "ble://test";
    #btp;

    constructor(btp) {
        super();
        this.#btp = btp;
        btp.closed.on(() => this.emitClosed());
    }

    send(data) {
        return this.#btp.sendMatterMessage(data);
    }

    close() {
        return this.#btp.close();
    }

    onClose() {
        return { close: async () => {} };
    }

    async *[Symbol.asyncIterator]() {}
}

let largest = Number(options.largest);

/** The peripheral's side of GATT. One central, one connection at a time. */
class Peripheral {
    #listener;
    #connection; // { request, btp, confirm }

    // What matter.js wants of it.

    onData(listener) {
        this.#listener = listener;
        return { close: async () => (this.#listener = undefined) };
    }

    async advertise() {
        print({ advertising: true });
    }

    async stopAdvertising() {
        print({ advertising: false });
    }

    async close() {
        await this.#break();
    }

    supports(type) {
        return type === ChannelType.BLE;
    }

    async openChannel() {
        throw new Error("a peripheral does not connect");
    }

    // What the central does.

    connected() {
        this.disconnected();
        this.#connection = { confirm: () => {} };
    }

    disconnected() {
        const connection = this.#connection;
        this.#connection = undefined;
        if (connection === undefined) return;
        connection.lost = true;
        connection.confirm();
        connection.handler?.then(btp => btp.close()).catch(ignored);
    }

    write(value) {
        const connection = this.#connection;
        if (connection === undefined) return;
        if (connection.request === undefined) {
            connection.request = value;
            return;
        }
        // Values are handed over in order, each when the one before is dealt with. What is written in reply waits for the
        // central, which does not wait for us.
        connection.handler?.then(btp => btp.handleIncomingBleData(value)).catch(ignored);
    }

    /** The response to the handshake's request goes out when C2 is subscribed. */
    subscribe(on) {
        const connection = this.#connection;
        if (connection?.request === undefined || !on || connection.handler !== undefined) return;
        let channel;
        connection.handler = BtpSessionHandler.createFromHandshakeRequest(
            largest,
            connection.request,
            value => this.#indicate(connection, value),
            () => this.#break(connection),
            async message => void this.#listener?.(channel, message),
        );
        connection.handler.then(btp => (channel = new Channel(btp))).catch(ignored);
    }

    confirmed() {
        this.#connection?.confirm();
    }

    /** Resolves when the central has confirmed. */
    async #indicate(connection, value) {
        // One at a time, as Bluetooth has it, whoever asks.
        const turn = connection.turn ?? Promise.resolve();
        let done;
        connection.turn = new Promise(resolve => (done = resolve));
        await turn;
        try {
            if (connection.lost) throw new Error("the central is gone");
            const confirmed = new Promise(resolve => (connection.confirm = resolve));
            print({ indicate: Bytes.toBase64(value) });
            await confirmed;
        } finally {
            done();
        }
    }

    async #break(connection = this.#connection) {
        if (connection === undefined || connection !== this.#connection) return;
        this.disconnected();
        print({ disconnect: true });
    }

    breakOff() {
        return this.#break();
    }
}

/** What matter.js rejects with after an end is nobody's. With --verbose it logs all of it. */
function ignored(error) {
    if (options.verbose) process.stderr.write(`${describe(error)}\n`);
}

const peripheral = new Peripheral();
environment.set(
    Ble,
    new (class extends Ble {
        peripheralInterface = peripheral;
        get centralInterface() {
            throw new Error("a device is no central");
        }
        get scanner() {
            throw new Error("a device is no central");
        }
    })(),
);

// ---- Time

/** The timer of the fail-safe: a test does not wait a minute for it. */
let failSafe;
const getTimer = Time.default.getTimer.bind(Time.default);
Time.default.getTimer = (name, duration, callback) => {
    const timer = getTimer(name, duration, callback);
    if (name === "Failsafe expiration") failSafe = { timer, callback };
    return timer;
};

async function lapse() {
    const armed = failSafe?.timer.isRunning ?? false;
    if (armed) {
        failSafe.timer.stop();
        await failSafe.callback();
    }
    return { armed };
}

// ---- Networks

let joined = false;
let silently = false;

/** Sockets of a device that is on no network hear nothing, and what they send goes nowhere. */
const network = Environment.default.get(Network);
const createUdpSocket = network.createUdpSocket.bind(network);
network.createUdpSocket = async udp => {
    const socket = await createUdpSocket(udp);
    const onData = socket.onData.bind(socket);
    const send = socket.send.bind(socket);
    socket.onData = listener => onData((...datagram) => joined && listener(...datagram));
    socket.send = async (...datagram) => (joined ? send(...datagram) : undefined);
    return socket;
};

const text = octets => new TextDecoder().decode(octets);
const octets = text => new TextEncoder().encode(text);
const security = { unencrypted: false, wep: false, wpaPersonal: false, wpa2Personal: true, wpa3Personal: false };
const wifi = [
    { ssid: "Home", password: "correct horse", channel: 6, rssi: -48, security },
    { ssid: "Home", password: "correct horse", channel: 44, rssi: -61, security, wiFiBand: NetworkCommissioning.WiFiBand["5G"] },
    { ssid: "Café ☕", password: "", channel: 11, rssi: -70, security: { ...security, unencrypted: true, wpa2Personal: false } },
    { ssid: "", password: "?", channel: 1, rssi: -83, security },
];
const thread = { name: "Home Thread", channel: 15, panId: 0x1234, extendedPanId: 0x1111111122222222n };

/** Both kinds behave alike but for how a network is named. */
const joining = Base =>
    class extends Base {
        #network(networkId) {
            return this.state.networks.findIndex(network => Bytes.areEqual(network.networkId, networkId));
        }

        #breadcrumb(breadcrumb) {
            if (breadcrumb !== undefined) this.agent.get(GeneralCommissioningServer).state.breadcrumb = breadcrumb;
        }

        found(results, breadcrumb) {
            this.#breadcrumb(breadcrumb);
            this.state.lastNetworkingStatus = Success;
            return { networkingStatus: Success, ...results };
        }

        remember(networkId, credentials, breadcrumb) {
            this.#breadcrumb(breadcrumb);
            known.set(Bytes.toHex(networkId), credentials);
            if (this.#network(networkId) < 0) this.state.networks = [...this.state.networks, { networkId, connected: false }];
            return { networkingStatus: Success, networkIndex: this.#network(networkId) };
        }

        connectNetwork({ networkId, breadcrumb }) {
            this.#breadcrumb(breadcrumb);
            const status = this.#network(networkId) < 0 ? NetworkIdNotFound : this.join(known.get(Bytes.toHex(networkId)));
            this.state.lastNetworkingStatus = status;
            this.state.lastNetworkId = networkId;
            this.state.lastConnectErrorValue = status === Success ? null : 1;
            if (status === Success) {
                this.state.networks = this.state.networks.map(network => ({ ...network, connected: Bytes.areEqual(network.networkId, networkId) }));
                if (silently) void peripheral.breakOff();
                joined = true;
                print({ joined: options.network === "wifi" ? text(networkId) : Bytes.toHex(networkId) });
            }
            return { networkingStatus: status, errorValue: this.state.lastConnectErrorValue };
        }

        reorderNetwork({ networkId, networkIndex, breadcrumb }) {
            const at = this.#network(networkId);
            if (at < 0) return { networkingStatus: NetworkIdNotFound };
            this.#breadcrumb(breadcrumb);
            this.state.networks = this.state.networks.toSpliced(at, 1).toSpliced(networkIndex, 0, this.state.networks[at]);
            return { networkingStatus: Success, networkIndex };
        }

        removeNetwork({ networkId, breadcrumb }) {
            const networkIndex = this.#network(networkId);
            if (networkIndex < 0) return { networkingStatus: NetworkIdNotFound };
            this.#breadcrumb(breadcrumb);
            this.state.networks = this.state.networks.toSpliced(networkIndex, 1);
            return { networkingStatus: Success, networkIndex };
        }
    };

/** Credentials, by the network's ID: nothing of matter.js's keeps them. */
const known = new Map();

class WiFi extends joining(NetworkCommissioningServer.with("WiFiNetworkInterface")) {
    scanNetworks({ breadcrumb }) {
        const wiFiScanResults = wifi.map(({ ssid, password: _, ...network }, i) => ({
            wiFiBand: NetworkCommissioning.WiFiBand["2G4"], bssid: Uint8Array.of(2, 0, 0, 0, 0, i), ssid: octets(ssid), ...network,
        }));
        return this.found({ wiFiScanResults }, breadcrumb);
    }

    addOrUpdateWiFiNetwork({ ssid, credentials, breadcrumb }) {
        return this.remember(ssid, { ssid: text(ssid), password: text(credentials) }, breadcrumb);
    }

    join({ ssid, password }) {
        const network = wifi.find(each => each.ssid === ssid);
        if (network === undefined) return NetworkNotFound;
        return network.password === password ? Success : AuthFailure;
    }
}

class Thread extends joining(NetworkCommissioningServer.with("ThreadNetworkInterface")) {
    scanNetworks({ breadcrumb }) {
        const { name: networkName, ...network } = thread;
        const threadScanResults = [{ networkName, ...network, version: 4, extendedAddress: Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 1), rssi: -55, lqi: 200 }];
        return this.found({ threadScanResults }, breadcrumb);
    }

    addOrUpdateThreadNetwork({ operationalDataset, breadcrumb }) {
        const dataset = Bytes.of(operationalDataset);
        for (let at = 0; at < dataset.length; at += 2 + dataset[at + 1]) {
            if (dataset[at] === 2) return this.remember(dataset.slice(at + 2, at + 10), dataset, breadcrumb);
        }
        return { networkingStatus: NetworkCommissioning.NetworkCommissioningStatus.OutOfRange };
    }

    join(dataset) {
        return Bytes.toHex(dataset).includes(thread.extendedPanId.toString(16)) ? Success : NetworkNotFound;
    }
}

// ---- The device

const timing = { scanMaxTimeSeconds: 5, connectMaxTimeSeconds: 20 };
const empty = { maxNetworks: 1, interfaceEnabled: true, networks: [], lastNetworkingStatus: null, lastNetworkId: null, lastConnectErrorValue: null };
const kinds = {
    wifi: [WiFi, { ...empty, ...timing, supportedWiFiBands: [NetworkCommissioning.WiFiBand["2G4"]] }],
    thread: [Thread, { ...empty, ...timing, supportedThreadFeatures: { isFullThreadDevice: true }, threadVersion: 4 }],
};
const [Behavior, networkCommissioning] = kinds[options.network];
const node = await ServerNode.create(ServerNode.RootEndpoint.with(Behavior), {
    environment,
    id: "light",
    network: { port: 0, ble: true },
    commissioning: { passcode: Number(options.passcode), discriminator: Number(options.discriminator) },
    productDescription: { name: "Light", deviceType: OnOffLightDevice.deviceType },
    basicInformation: {
        vendorName: "matter-session",
        vendorId: VendorId(0xfff1),
        productName: "Test light",
        productId: 0x8000,
        serialNumber: "L-1",
        uniqueId: "light-1",
        hardwareVersion: 1,
        softwareVersion: 1,
    },
    networkCommissioning,
});
const light = await node.add(OnOffLightDevice, { id: "onoff" });
node.lifecycle.commissioned.on(() => print({ commissioned: true }));
node.lifecycle.decommissioned.on(() => print({ commissioned: false }));

// A factory reset makes some of these anew: watch those in use each time the node is online.
const watched = new WeakSet();
node.lifecycle.online.on(() => {
    const changed = light.events.onOff.onOff$Changed;
    if (!watched.has(changed)) {
        watched.add(changed);
        changed.on(onOff => print({ onOff }));
    }
    const sessions = node.env.get(SessionManager).sessions;
    if (!watched.has(sessions)) {
        watched.add(sessions);
        sessions.added.on(session => print({ session: "opened", kind: session.isPase ? "pase" : "case" }));
        sessions.deleted.on(session => print({ session: "closed", kind: session.isPase ? "pase" : "case" }));
    }
});

function ready() {
    const { pairingCodes } = node.state.commissioning;
    return {
        ready: true,
        port: node.state.network.operationalPort,
        qr: pairingCodes.qrPairingCode,
        manual: pairingCodes.manualPairingCode,
        passcode: Number(options.passcode),
        discriminator: Number(options.discriminator),
    };
}

serve(
    {
        connected: async () => peripheral.connected(),
        disconnected: async () => peripheral.disconnected(),
        write: async ({ value }) => peripheral.write(Bytes.fromBase64(value)),
        subscribe: async ({ on }) => peripheral.subscribe(on),
        confirmed: async () => peripheral.confirmed(),
        largest: async ({ octets }) => void (largest = octets),
        joining: async settings => void ({ silently = false } = settings),
        lapse,
        state: async () => ({
            armed: failSafe?.timer.isRunning ?? false,
            joined,
            onOff: light.state.onOff.onOff,
            commissioned: node.lifecycle.isCommissioned,
            fabrics: Object.keys(node.state.commissioning.fabrics).length,
            networks: node.state.networkCommissioning.networks.map(({ networkId, connected }) => ({ id: Bytes.toHex(networkId), connected })),
            breadcrumb: node.state.generalCommissioning.breadcrumb,
            sessions: [...node.env.get(SessionManager).sessions].map(({ id, isPase }) => ({ id, isPase })),
        }),
        erase: async () => {
            peripheral.disconnected();
            const cause = new Error("factory reset");
            await Promise.all([...node.env.get(SessionManager).sessions].map(session => session.initiateForceClose({ cause })));
            await node.erase();
            joined = silently = false;
            known.clear();
            return ready();
        },
    },
    () => node.close(),
);
await node.start();
print(ready());
