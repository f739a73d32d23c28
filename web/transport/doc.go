// Package transport carries messages over what a browser has: Web Bluetooth
// here, datagrams through an agent in relay. It does not look into them.
//
// A [Bluetooth] is the one device that a person picked in this window.
// [Bluetooth.Pick] asks the browser for its list, [Bluetooth.Open] connects;
// then messages go both ways until [Events].Closed, which comes exactly once.
// Every callback comes from the event loop and none of the calls waits.
//
// Between the browser's GATT and the protocol (package btp) stands the link: it
// connects, runs one GATT operation at a time, keeps the timer, and tries once
// more with small packets where large ones get lost. It knows no browser and is
// tested natively.
package transport
