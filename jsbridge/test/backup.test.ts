import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, createHash, pbkdf2Sync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { BackupError, hexOf, MatterError, octetsOf, parse, serialize, type TlvElement } from "matter-session";
import { checkBackup, checkPassphrase, openBackup, sealBackup, type BackupContent } from "#dist/browser/backup.js";
import { root } from "./support/vectors.js";

const passphrase = "Zwölf Boxkämpfer jagen Viktor";
const content: BackupContent = {
    label: "Zuhause", fabricId: 0x1122334455667788n, adminNodeId: 0xdedededededede01n, adminVendorId: 0xfff1, rootCertificate: new Uint8Array(200).fill(0xc1), noc: new Uint8Array(240).fill(0xc2),
    ipk: Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i), rootKey: new Uint8Array(138).fill(0x51), operationalKey: new Uint8Array(138).fill(0x52), nodes: new Uint8Array(60).fill(0x77),
    createdAt: 1_790_000_000_000n,
};
const fault = (want: string) => (error: unknown): boolean => error instanceof BackupError && error.fault === want;
const sizes = { head: 48, tag: 16, hash: 32 } as const;

/** The file with other octets, its hash made to fit: what someone does on purpose. */
function forged(file: Uint8Array, change: (view: DataView, octets: Uint8Array) => void): Uint8Array {
    const body = file.slice(0, -sizes.hash);
    change(new DataView(body.buffer), body);
    return Buffer.concat([body, createHash("sha256").update(body).digest()]);
}

/** A reader and a writer of the format as docs/storage.md describes it, of Node's own primitives. */
const keyOf = (file: Uint8Array): Buffer => pbkdf2Sync(passphrase.normalize("NFC"), file.subarray(16, 32), Buffer.from(file).readUInt32BE(12), 32, "sha256");
function openByNode(file: Uint8Array): Buffer {
    const decipher = createDecipheriv("aes-256-gcm", keyOf(file), file.subarray(32, 44));
    decipher.setAAD(file.subarray(0, 48));
    decipher.setAuthTag(file.subarray(file.length - 48, file.length - 32));
    return Buffer.concat([decipher.update(file.subarray(48, file.length - 48)), decipher.final()]);
}
function sealByNode(plain: Uint8Array): Uint8Array {
    const head = Buffer.alloc(sizes.head);
    head.set([0x89, 0x4d, 0x53, 0x48, 0x0d, 0x0a, 0x1a, 0x0a, 0, 1, 1, 1]);
    head.writeUInt32BE(600_000, 12);
    randomBytes(28).copy(head, 16);
    head.writeUInt32BE(plain.length + sizes.tag, 44);
    const cipher = createCipheriv("aes-256-gcm", keyOf(head), head.subarray(32, 44));
    cipher.setAAD(head);
    const body = Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return Buffer.concat([body, createHash("sha256").update(body).digest()]);
}

describe("the file of a backup", () => {
    it("gives back what was put in, and Node's own primitives read it by the description", async () => {
        const file = await sealBackup(content, passphrase);
        await checkBackup(file);
        assert.deepEqual(await openBackup(file, passphrase), content);
        const members = parse(openByNode(file)).value as readonly TlvElement[];
        assert.deepEqual(members.map(({ tag }) => tag), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]);
        assert.deepEqual(new Uint8Array(members[8]?.value as Uint8Array), content.rootKey);
        // And the other way.
        assert.deepEqual(await openBackup(sealByNode(openByNode(file)), passphrase), content);
    });

    it("of this version stays readable: one that was made when it was new", async () => {
        const file = octetsOf(readFileSync(new URL("jsbridge/test/testdata/backup-1.hex", root), "utf8"));
        assert.deepEqual(await openBackup(file, passphrase), content);
    });

    it("is another one each time, but for the fixed part of its head", async () => {
        const [one, two] = await Promise.all([sealBackup(content, passphrase), sealBackup(content, passphrase)]);
        assert.equal(hexOf(one.subarray(0, 16)), "894d53480d0a1a0a0001010100" + "0927c0");
        assert.equal(hexOf(two.subarray(0, 16)), hexOf(one.subarray(0, 16)));
        for (const [from, to] of [[16, 32], [32, 44], [48, one.length]] as const) assert.notEqual(hexOf(one.subarray(from, to)), hexOf(two.subarray(from, to)));
    });

    it("takes a home without nodes, and one with thousands", async () => {
        const { nodes: _, ...without } = content;
        assert.deepEqual(await openBackup(await sealBackup(without, passphrase), passphrase), without);
        const many = { ...content, nodes: new Uint8Array(300_000).fill(1) };
        assert.deepEqual(await openBackup(await sealBackup(many, passphrase), passphrase), many);
    });

    it("is not changed by being read, and may be part of a larger buffer", async () => {
        const file = await sealBackup(content, passphrase);
        const behind = new Uint8Array(file.length + 20).fill(0xee);
        behind.set(file, 7);
        assert.deepEqual(await openBackup(behind.subarray(7, 7 + file.length), passphrase), content);
        assert.equal(hexOf(behind.subarray(7, 7 + file.length)), hexOf(file));
        assert.deepEqual(content.rootKey, new Uint8Array(138).fill(0x51), "the content was erased, which is its owner's");
    });

    it("that ends anywhere is damaged, or no backup", async () => {
        const file = await sealBackup(content, passphrase);
        for (let length = 0; length < file.length; length++) {
            await assert.rejects(openBackup(file.subarray(0, length), passphrase), fault(length < 8 ? "not-a-backup" : "damaged"), `${length} octets`);
        }
        await assert.rejects(openBackup(Buffer.concat([file, Buffer.of(0)]), passphrase), fault("damaged"));
    });

    it("with any bit changed is damaged, or no backup, whatever the passphrase", async () => {
        const file = await sealBackup(content, passphrase);
        for (let at = 0; at < file.length; at++) {
            for (let bit = at < sizes.head ? 1 : 1 << (at % 8); bit < 256; bit = at < sizes.head ? bit << 1 : 256) {
                const changed = file.slice();
                changed[at] = (changed[at] ?? 0) ^ bit;
                await assert.rejects(openBackup(changed, "some other passphrase"), fault(at < 8 ? "not-a-backup" : "damaged"), `bit ${bit} of octet ${at}`);
            }
        }
    });

    it("that was changed on purpose does not open: the whole head is authenticated", async () => {
        const file = await sealBackup(content, passphrase);
        for (const [name, want, change] of [
            ["salt", "wrong-passphrase", (_, octets) => octets.set([octets[20]! ^ 1], 20)],
            ["nonce", "wrong-passphrase", (_, octets) => octets.set([octets[43]! ^ 1], 43)],
            ["more iterations", "wrong-passphrase", view => view.setUint32(12, 600_001)],
            ["sealed", "wrong-passphrase", (_, octets) => octets.set([octets[48]! ^ 1], 48)],
            ["tag", "wrong-passphrase", (_, octets) => octets.set([octets.at(-1)! ^ 1], octets.length - 1)],
            ["fewer iterations", "damaged", view => view.setUint32(12, 599_999)],
            ["no iterations", "damaged", view => view.setUint32(12, 0)],
            ["iterations for ever", "damaged", view => view.setUint32(12, 0xffff_ffff)],
            ["derivation", "damaged", view => view.setUint8(10, 2)],
            ["cipher", "damaged", view => view.setUint8(11, 0)],
            ["length", "damaged", view => view.setUint32(44, 17)],
            ["version 0", "damaged", view => view.setUint16(8, 0)],
            ["version 2", "newer", view => view.setUint16(8, 2)],
            ["version 65535", "newer", view => view.setUint16(8, 65535)],
        ] as [string, string, (view: DataView, octets: Uint8Array) => void][]) {
            await assert.rejects(openBackup(forged(file, change), passphrase), fault(want), name);
        }
        await assert.rejects(openBackup(forged(file.slice(0, 90), () => {}), passphrase), fault("damaged"), "a head and no more");
        await assert.rejects(openBackup(forged(file.slice(0, 41), () => {}), passphrase), fault("damaged"), "a magic and a hash");
    });

    it("of a later version's content, or of content that is none, is told so", async () => {
        const plain = openByNode(await sealBackup(content, passphrase));
        const members = parse(plain).value as readonly TlvElement[];
        const with_ = (value: readonly TlvElement[]): Uint8Array => sealByNode(serialize({ tag: "", type: "structure", value: [...value] }));
        const later = with_([{ tag: "0", type: "uint", value: 2 }, ...members.slice(1, 4)]);
        await assert.rejects(openBackup(later, passphrase), fault("newer"));
        const more = with_([...members, { tag: "12", type: "string", value: "unknown" }]);
        assert.deepEqual(await openBackup(more, passphrase), content, "a member that is not known");
        for (const octets of [with_(members.slice(0, -1)), with_([]), sealByNode(Buffer.from("no TLV")), sealByNode(new Uint8Array())]) {
            await assert.rejects(openBackup(octets, passphrase), fault("damaged"));
        }
    });

    it("opens for its passphrase alone, in whatever way that was typed", async () => {
        const file = await sealBackup(content, ` ${passphrase.normalize("NFD")}\r\n`);
        for (const same of [passphrase, passphrase.normalize("NFD"), `\t${passphrase} `]) assert.deepEqual(await openBackup(file, same), content);
        for (const other of [passphrase.toLowerCase(), passphrase.slice(1), `${passphrase}.`, passphrase.replace(" ", "  "), ""]) await assert.rejects(openBackup(file, other), fault("wrong-passphrase"));
    });

    it("is not made with a weak passphrase", async () => {
        for (const weak of ["", "        ", "1234567", "  1234567  ", "👨‍👩‍👧", "a\u0308".repeat(7), "😀".repeat(7)]) {
            await assert.rejects(sealBackup(content, weak), fault("passphrase"), JSON.stringify(weak));
        }
        assert.equal(checkPassphrase("  ä2345678 "), "ä2345678");
        assert.equal(checkPassphrase("a\u03082345678"), "ä2345678");
        assert.equal(checkPassphrase("1234 678"), "1234 678");
    });

    it("shows no secret, nor do the errors about it", async () => {
        const file = Buffer.from(await sealBackup(content, passphrase));
        for (const secret of [content.rootKey, content.operationalKey, content.ipk, content.noc, Buffer.from(content.label), Buffer.from(passphrase), Buffer.from("Viktor")]) {
            assert.ok(!file.includes(Buffer.from(secret.subarray(0, 16))));
        }
        for (const spoilt of [file, file.subarray(1), file.subarray(0, -1)]) {
            const error = await openBackup(spoilt, "another passphrase, also secret").then(() => undefined, (cause: unknown) => cause);
            assert.ok(error instanceof MatterError);
            const said = `${error.stack} ${String(error.cause)} ${JSON.stringify(error)}`;
            for (const secret of ["Viktor", "also secret", hexOf(content.ipk), Buffer.from(content.ipk).toString("base64")]) assert.ok(!said.includes(secret));
        }
    });

    it("needs WebCrypto, and says so where there is none", async () => {
        const real = Object.getOwnPropertyDescriptor(globalThis, "crypto");
        Object.defineProperty(globalThis, "crypto", { value: { getRandomValues: (octets: Uint8Array) => octets }, configurable: true });
        try {
            await assert.rejects(sealBackup(content, passphrase), /secure context/);
        } finally {
            if (real !== undefined) Object.defineProperty(globalThis, "crypto", real);
        }
    });
});
