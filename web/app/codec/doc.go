// Package codec turns plain JavaScript objects into events of package flow, and
// its effects into plain objects. Which, is generated from flow's types together
// with the TypeScript that describes them; here is how.
//
// An object comes from outside: whatever it holds, the worst that it can do is
// an error. Texts and lists are bounded, so that one cannot fill the memory.
package codec

//go:generate go run ./gen
