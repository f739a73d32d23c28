//go:build js && wasm

// Command app is the page's program: it joins the wizard (package flow), what a
// person sees of it (package view) and the Bluetooth device that they picked
// (package transport), and speaks with the element's shell in plain objects
// (package codec). See jsbridge/src/element/program.ts for the other side.
//
// One program serves all elements of a page. Whatever goes wrong in one wizard
// ends that one alone.
package main
