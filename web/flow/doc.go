// Package flow is the wizard that brings a device into a home, as a function:
//
//	state, effects := flow.Update(state, event)
//
// A [State] is a value that says all that a screen shows. An [Event] is what
// happened: a person pressed something, the browser answered, the sessions made
// a step. An [Effect] is what someone else has to do about it. Nothing here
// knows a browser, a clock or a network, so every state meets every event in
// ordinary tests.
//
// Secrets pass through and never stay: a setup code is in the state only while
// it is typed, passwords and passphrases go from an event into an effect.
package flow
