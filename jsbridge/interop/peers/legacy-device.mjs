// A peer for tests: an on/off light of matter.js 0.9.4, in a process of its own, on the network as matter.js finds it.
//
//     node [--import matter-session/matterjs/register] legacy-device.mjs --port N [--passcode N] [--discriminator N] [--cjs] [--verbose]
//
// Prints {"ready": true, "port", "passcode", "discriminator"}, then {"onOff": bool}, {"fabrics": n} and
// {"session": "made" | "resumed"}. Commands: {"do": "set", "onOff"}, {"do": "sessions"}, {"do": "report"}.

import { listen, matter, options, print, serve } from "./matterjs-0.9.4.mjs";

const { CommissioningServer, MatterServer } = await matter("main");
const { VendorId } = await matter("datatype");
const { DeviceTypes, OnOffLightDevice } = await matter("device");
const { Level, Logger } = await matter("log");
const { StorageBackendMemory, StorageManager } = await matter("storage");

listen({ Level, Logger });

const storage = new StorageManager(new StorageBackendMemory());
await storage.initialize();
const server = new MatterServer(storage);
const commissioning = new CommissioningServer({
    port: Number(options.port),
    deviceName: "Light",
    deviceType: DeviceTypes.ON_OFF_LIGHT.code,
    passcode: Number(options.passcode),
    discriminator: Number(options.discriminator),
    subscriptionMinIntervalSeconds: 1,
    subscriptionMaxIntervalSeconds: 20,
    basicInformation: {
        vendorName: "matter-session", vendorId: VendorId(0xfff1), productName: "Light", productId: 0x8000, nodeLabel: "", partNumber: "L",
        serialNumber: "L-1", uniqueId: "light-1", hardwareVersion: 1, softwareVersion: 1,
    },
    commissioningChangedCallback: () => print({ fabrics: commissioning.getCommissionedFabricInformation().length }),
});
const light = new OnOffLightDevice();
light.addOnOffListener(onOff => print({ onOff }));
commissioning.addDevice(light);
await server.addCommissioningServer(commissioning);
await server.start();

serve(
    {
        async set({ onOff }) {
            await light.setOnOff(onOff);
        },
        sessions: () => ({ sessions: commissioning.getActiveSessionInformation() }),
    },
    () => server.close(),
);
print({ ready: true, port: commissioning.getPort(), passcode: Number(options.passcode), discriminator: Number(options.discriminator) });
