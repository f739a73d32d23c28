// Bluetooth devices that Chromium believes in: its emulated adapter, whose GATT operations a test answers, and what joins
// such a device to a peer of the interop tests that speaks Matter.
//
// The emulation has no indications of the device's own accord. But reading a characteristic raises the same event in a
// page as an indication does: so C2 can be read here, and a script in the page reads it whenever the device has something
// to say. Nor is a test told when the page disconnects: the script tells.

import { openPage } from "./harness.mjs";

const uuid16 = n => `0000${n.toString(16)}-0000-1000-8000-00805f9b34fb`;
const matterService = 0xfff6;
const c1 = "18ee2ef5-263d-4559-959f-4f9c429f9d11";
const c2 = "18ee2ef5-263d-4559-959f-4f9c429f9d12";

/** Milliseconds until a list is dismissed: all devices are on it by then. */
const dismissal = 300;

/** Switches for {@link openPage}: on Linux Web Bluetooth is behind one. */
export const bluetoothArgs = ["--enable-features=WebBluetooth"];

/** Runs in the page before its own scripts. Devices are known by their names. */
function watch() {
    if (globalThis.BluetoothRemoteGATTService === undefined) return;
    const devices = new Map();
    const of = name => {
        if (!devices.has(name)) devices.set(name, { characteristics: new Map(), underWay: 0, broken: false });
        return devices.get(name);
    };
    const wrap = (prototype, method, deviceOf, then = () => {}) => {
        const { [method]: original } = prototype;
        prototype[method] = async function (...args) {
            const device = of(deviceOf(this).name);
            if (device.broken) throw new DOMException("GATT Server is disconnected.", "NetworkError");
            device.underWay++;
            try {
                const result = await original.apply(this, args);
                then(device, result);
                return result;
            } finally {
                device.underWay--;
            }
        };
    };
    wrap(BluetoothRemoteGATTServer.prototype, "getPrimaryService", server => server.device);
    wrap(BluetoothRemoteGATTService.prototype, "getCharacteristic", service => service.device, (device, found) => device.characteristics.set(found.uuid, found));
    for (const method of ["writeValueWithResponse", "readValue", "startNotifications"]) {
        wrap(BluetoothRemoteGATTCharacteristic.prototype, method, characteristic => characteristic.service.device);
    }
    const { connect, disconnect } = BluetoothRemoteGATTServer.prototype;
    BluetoothRemoteGATTServer.prototype.connect = function () {
        of(this.device.name).broken = false;
        const connecting = connect.call(this);
        // One that was given up may have come about all the same.
        connecting.catch(() => globalThis.tellDisconnected(this.device.name));
        return connecting;
    };
    BluetoothRemoteGATTServer.prototype.disconnect = function () {
        const was = this.connected;
        disconnect.call(this);
        if (was) void globalThis.tellDisconnected(this.device.name);
    };
    globalThis.emulated = {
        async read(name, uuid, times) {
            for (let i = 0; i < times; i++) await of(name).characteristics.get(uuid)?.readValue();
        },
        /** Resolves when nothing is under way, and until the next connection nothing more is begun. */
        async settle(name) {
            const device = of(name);
            device.broken = true;
            while (device.underWay > 0) await new Promise(resolve => setTimeout(resolve, 1));
        },
    };
}

/** Chromium's emulated adapter, and the list that it shows. */
export class Adapter {
    #cdp;
    #page;
    #pageCdp;
    #devices = [];
    #answered = new Set();
    #choice = {};
    #enabled = false;
    /** The names that the browser's list had when it was answered last. */
    offered = [];

    /** Emulates from now on. The page may be loaded already: it is loaded anew. */
    static async create({ context, page }) {
        const adapter = new Adapter();
        adapter.#page = page;
        adapter.#cdp = await context.browser().newBrowserCDPSession();
        adapter.#pageCdp = await context.newCDPSession(page);
        // What the page ended goes on in the emulation, until the device ends it too.
        await page.exposeFunction("tellDisconnected", name => adapter.#devices.find(device => device.name === name)?.cut());
        await page.addInitScript(watch);
        adapter.#cdp.on("BluetoothEmulation.gattOperationReceived", event => adapter.#operation(event));
        adapter.#cdp.on("BluetoothEmulation.characteristicOperationReceived", event => adapter.#characteristic(event));
        adapter.#pageCdp.on("DeviceAccess.deviceRequestPrompted", event => adapter.#prompted(event));
        await adapter.#pageCdp.send("DeviceAccess.enable");
        await adapter.reload();
        return adapter;
    }

    /** "absent", "powered-off" or "powered-on". Whoever is connected is no more. */
    async state(state) {
        if (this.#enabled) await this.#cdp.send("BluetoothEmulation.disable");
        this.#enabled = true;
        await this.#cdp.send("BluetoothEmulation.enable", { state, leSupported: true });
        for (const device of this.#devices) await device.renew();
    }

    /** Ends the emulation, so that another can begin. */
    async close() {
        await this.#cdp.send("BluetoothEmulation.disable");
        await this.#cdp.detach();
    }

    /** Loads the page anew: with its last page the emulated adapter goes. */
    async reload() {
        await this.#page.reload();
        await this.state("powered-on");
    }

    /** How the browser's list is answered from now on: by a device's name, or undefined to dismiss it. */
    choose(name) {
        this.#choice = { name };
    }

    /**
     * Brings a device into reach.
     *
     * @param options - `name`; `matter`: false for one without Matter's service; `says`: false for one that has it and
     *   does not say so; `characteristics`: false for one whose service is empty
     */
    async add({ name, matter = true, says = matter, characteristics = true }) {
        const address = `09:09:09:09:09:${(10 + this.#devices.length).toString(16).toUpperCase().padStart(2, "0")}`;
        const device = new Device({ name, address, cdp: this.#cdp, page: this.#page, matter, says, characteristics });
        this.#devices.push(device);
        await device.appear();
        return device;
    }

    #operation({ address, type }) {
        this.#devices.find(device => device.address === address)?.operation(type);
    }

    #characteristic(event) {
        this.#devices.find(device => device.has(event.characteristicId))?.characteristic(event);
    }

    async #prompted({ id, devices }) {
        // The same list comes again whenever it grows, and may be answered once.
        this.offered = devices.map(device => this.#nameOf(device.id));
        if (this.#answered.has(id)) return;
        const { name } = this.#choice;
        const deviceId = this.#devices.find(device => device.name === name)?.address;
        if (name === undefined) {
            this.#answered.add(id);
            await new Promise(resolve => setTimeout(resolve, dismissal));
            await this.#pageCdp.send("DeviceAccess.cancelPrompt", { id });
        } else if (devices.some(device => device.id === deviceId)) {
            this.#answered.add(id);
            await this.#pageCdp.send("DeviceAccess.selectPrompt", { id, deviceId });
        }
    }

    #nameOf(address) {
        return this.#devices.find(device => device.address === address)?.name;
    }
}

/** One device: what its GATT is asked, and what it does of its own accord. */
export class Device {
    name;
    address;
    /** Is asked before a connection is accepted: false refuses it. */
    accept = () => true;
    /** What becomes of it all. write: a value for C1; subscribe: whether C2 is wanted; disconnected: whoever did it. */
    on = { connected() {}, write() {}, subscribe() {}, disconnected() {} };
    /** Milliseconds that each operation takes. */
    delay = 0;
    /** Longer writes are confirmed, and lost. */
    swallow = Infinity;
    connected = false;
    /** Octets of each value that C1 was written, and of each that was indicated. */
    written = [];
    indicated = [];
    #cdp;
    #page;
    #kind;
    #ids = {};
    #own = new Set(); // the IDs of all its characteristics, past ones too
    #linked = false; // in the emulation
    #values = []; // of C2, to be read
    #turn = Promise.resolve();

    constructor({ name, address, cdp, page, ...kind }) {
        Object.assign(this, { name, address });
        this.#cdp = cdp;
        this.#page = page;
        this.#kind = kind;
    }

    /** Comes into reach. */
    async appear() {
        const knownServiceUuids = [uuid16(this.#kind.says ? matterService : 0x180f)];
        const { name, address } = this;
        await this.#answer("simulatePreconnectedPeripheral", { address, name, manufacturerData: [], knownServiceUuids });
    }

    /** Comes into the reach of another adapter. */
    async renew() {
        this.gone();
        this.#linked = false;
        await this.appear();
    }

    has(id) {
        return this.#own.has(id);
    }

    async operation(type) {
        await this.#wait();
        const refused = type === "connection" && !this.accept();
        if (type === "connection" && !refused) {
            this.gone();
            this.connected = this.#linked = true;
            this.on.connected();
        }
        if (type === "discovery" && this.#kind.matter && this.#ids.service === undefined) await this.#furnish().catch(ignored);
        await this.#answer("simulateGATTOperationResponse", { address: this.address, type, code: refused ? 0x3e : 0 });
    }

    /** Adds what the device offers, for this connection. */
    async #furnish() {
        const ids = (this.#ids = {});
        const send = (method, params) => this.#cdp.send(`BluetoothEmulation.${method}`, params);
        ids.service = (await send("addService", { address: this.address, serviceUuid: uuid16(matterService) })).serviceId;
        if (!this.#kind.characteristics) return;
        const add = async (characteristicUuid, properties) => {
            const { characteristicId } = await send("addCharacteristic", { serviceId: ids.service, characteristicUuid, properties });
            this.#own.add(characteristicId);
            return characteristicId;
        };
        ids.c1 = await add(c1, { write: true });
        ids.c2 = await add(c2, { indicate: true, read: true });
        await send("addDescriptor", { characteristicId: ids.c2, descriptorUuid: uuid16(0x2902) });
    }

    async characteristic({ characteristicId, type, data }) {
        await this.#wait();
        const answer = { characteristicId, type, code: this.connected ? 0 : 0x0e };
        if (type === "read" && this.connected) {
            const read = this.#values.shift();
            this.indicated.push(read.length);
            answer.data = read.toString("base64");
        }
        const value = data === undefined ? undefined : Buffer.from(data, "base64");
        // The answer first: what the device makes of it comes after.
        await this.#answer("simulateCharacteristicOperationResponse", answer);
        if (!this.connected) return;
        if (type === "write") {
            this.written.push(value.length);
            if (value.length <= this.swallow) this.on.write(value);
        } else if (type !== "read") this.on.subscribe(type === "subscribe-to-notifications");
    }

    /** Indicates values of C2, one after the other. Resolves when the page has them, or is gone. */
    async indicate(...values) {
        const turn = this.#turn;
        let done;
        this.#turn = new Promise(resolve => (done = resolve));
        try {
            await turn;
            if (!this.connected) return;
            this.#values = values.map(value => Buffer.from(value));
            const read = ([name, uuid, times]) => globalThis.emulated.read(name, uuid, times);
            await this.#page.evaluate(read, [this.name, c2, values.length]).catch(ignored);
        } finally {
            done();
        }
    }

    /**
     * Breaks the connection off. An operation that is under way fails, as it would. Only then is the emulation told: it
     * never ends a connection of which it still waits for an answer.
     */
    async cut() {
        this.gone();
        await this.#page.evaluate(name => globalThis.emulated?.settle(name), this.name).catch(ignored);
        if (!this.#linked || this.connected) return;
        this.#linked = false;
        await this.#answer("simulateGATTDisconnection", { address: this.address });
        await this.appear(); // or no list would show it again
    }

    /** The connection is no more. @internal */
    gone() {
        if (!this.connected) return;
        this.connected = false;
        this.#ids = {}; // the emulation forgets what a device offers
        this.on.disconnected();
    }

    /** Joins the device to a peer of ../../interop/peers/ble-device.mjs, which is what it is from then on. @returns what ends that */
    serve(peer) {
        let stopped = false;
        // In order: the peer answers each at once.
        const tell = command => void peer.ask(command).catch(() => {});
        this.on = {
            connected: () => tell({ do: "connected" }),
            write: value => tell({ do: "write", value: value.toString("base64") }),
            subscribe: on => tell({ do: "subscribe", on }),
            disconnected: () => tell({ do: "disconnected" }),
        };
        void (async () => {
            for (;;) {
                const line = await peer.next(line => !stopped && ("indicate" in line || "disconnect" in line), "Bluetooth", 2 ** 31 - 1);
                if (line.disconnect) void this.cut();
                else void this.indicate(Buffer.from(line.indicate, "base64")).then(() => tell({ do: "confirmed" }));
            }
        })().catch(ignored); // the peer has ended
        return () => {
            stopped = true;
            this.gone();
        };
    }

    async #wait() {
        if (this.delay > 0) await new Promise(resolve => setTimeout(resolve, this.delay));
    }

    /** A page that is gone, or has given up, is nobody's mistake. */
    async #answer(method, params) {
        await this.#cdp.send(`BluetoothEmulation.${method}`, params).catch(ignored);
    }
}

/** Errors of a connection that is no more. */
function ignored() {}

/** A page with Bluetooth. @returns what openPage returns, and `adapter` */
export async function openBluetoothPage(files, { args = [] } = {}) {
    const browser = await openPage(files, { args: [...bluetoothArgs, ...args] });
    return { ...browser, adapter: await Adapter.create(browser) };
}
