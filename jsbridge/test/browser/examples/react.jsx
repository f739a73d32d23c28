import { useState } from "react";
import "matter-session/element";

export function AddDevice({ agent, networks }) {
  const [devices, setDevices] = useState([]);
  return (
    <>
      <matter-commission-button
        agent={agent}
        fabricLabel="My home"
        networks={networks}
        onmatter-commissioned={({ detail }) => setDevices(known => [...known, detail])}
        onmatter-attestation={({ detail }) => detail.verdict === "certified" && detail.respondWith("accept")}
      >
        <button slot="activate">Add device</button>
      </matter-commission-button>
      <ul>{devices.map(({ nodeId, name }) => <li key={nodeId}>{name ?? "A device"}</li>)}</ul>
    </>
  );
}
