// A fabric whose nodes are certified by an intermediate authority, by matter.js 0.9.4's own certificate functions. It wants
// the fabric's ID in root and intermediate, which Matter Core §6.5.6 leaves free.

import "./legacy.mjs";
import { CertificateManager, TlvIntermediateCertificate, TlvOperationalCertificate, TlvRootCertificate } from "@project-chip/matter.js/certificate";
import { Crypto } from "@project-chip/matter.js/crypto";
import { FabricId, FabricIndex, NodeId, VendorId } from "@project-chip/matter.js/datatype";
import { FabricBuilder } from "@project-chip/matter.js/fabric";

export class IntermediateAuthority {
    fabricId = FabricId(0x2906_c908_d115_d362n);
    epochKey = new Uint8Array(Crypto.getRandomData(16));
    #root = issuer({ rcacId: 1n, fabricId: this.fabricId });
    #sub = issuer({ icacId: 2n, fabricId: this.fabricId });
    rootCertificate;
    icac;

    constructor() {
        const authority = { basicConstraints: { isCa: true }, keyUsage: { keyCertSign: true, cRLSign: true } };
        this.rootCertificate = issue(this.#root, this.#root, authority, CertificateManager.rootCertToAsn1, TlvRootCertificate);
        this.icac = issue(this.#root, this.#sub, authority, CertificateManager.intermediateCaCertToAsn1, TlvIntermediateCertificate);
    }

    /** A fabric as a node of it has it. */
    async join(nodeId, index = 1) {
        const builder = new FabricBuilder()
            .setRootCert(this.rootCertificate)
            .setRootNodeId(NodeId(nodeId))
            .setRootVendorId(VendorId(0xfff1))
            .setIdentityProtectionKey(this.epochKey);
        const node = { subject: { fabricId: this.fabricId, nodeId: NodeId(nodeId) }, key: { publicKey: builder.publicKey } };
        const rules = { basicConstraints: { isCa: false }, keyUsage: { digitalSignature: true }, extendedKeyUsage: [2, 1] };
        builder.setOperationalCert(issue(this.#sub, node, rules, CertificateManager.nodeOperationalCertToAsn1, TlvOperationalCertificate), this.icac);
        return builder.build(FabricIndex(index));
    }
}

function issuer(subject) {
    return { subject, key: Crypto.createKeyPair() };
}

const keyId = key => Crypto.hash(key.publicKey).slice(0, 20);

function issue(by, of, extensions, toAsn1, schema) {
    const certificate = {
        serialNumber: Uint8Array.of(7),
        signatureAlgorithm: 1,
        publicKeyAlgorithm: 1,
        ellipticCurveIdentifier: 1,
        issuer: by.subject,
        notBefore: 1,
        notAfter: 0,
        subject: of.subject,
        ellipticCurvePublicKey: of.key.publicKey,
        extensions: { ...extensions, subjectKeyIdentifier: keyId(of.key), authorityKeyIdentifier: keyId(by.key) },
    };
    return schema.encode({ ...certificate, signature: Crypto.sign(by.key, toAsn1.call(CertificateManager, certificate)) });
}
