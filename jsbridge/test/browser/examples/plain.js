document.querySelector("matter-commission-button").addEventListener("matter-commissioned", ({ detail }) => {
  const item = document.createElement("li");
  item.textContent = `${detail.name ?? "A device"} is node ${detail.nodeId.toString(16)}`;
  document.querySelector("#devices").append(item);
});
