package abi

import (
	"errors"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/commission"
	"github.com/matter-session/matter-session/session/tlv"
)

// reply answers a request of the commissioning in member 1; member 15 names the
// request, as its event did.
func reply(in *instance, now session.Instant, m *members, answer func(commission.RequestID) commission.Reply) error {
	id, r := m.u32(1), answer(commission.RequestID(m.u32(15)))
	if m.err != nil {
		return m.err
	}
	return in.controller.Reply(now, commission.OperationID(id&^operationBit), r)
}

func discovered(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	return reply(in, now, m, func(id commission.RequestID) commission.Reply {
		d := commission.Discovered{ID: id, At: location(m, 2, 7, 10), HasDetails: m.has(3)}
		if d.HasDetails {
			d.Discriminator = m.u16(3)
			d.VendorID, d.ProductID = uint16(m.optional(4, 0xFFFF, 0)), uint16(m.optional(5, 0xFFFF, 0))
		}
		return d
	})
}

func discoveryEnded(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	return reply(in, now, m, func(id commission.RequestID) commission.Reply {
		return commission.OperationFailed{ID: id, Err: hostError(m.text(2))}
	})
}

func attestationDecision(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	return reply(in, now, m, func(id commission.RequestID) commission.Reply {
		return commission.AttestationDecision{ID: id, Accept: m.flag(2)}
	})
}

func networkChoice(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	return reply(in, now, m, func(id commission.RequestID) commission.Reply {
		if !m.has(2) && !m.has(4) {
			return commission.Cancel{}
		}
		return commission.NetworkChosen{ID: id, SSID: m.octets(2), Credentials: m.octets(3), Dataset: m.octets(4)}
	})
}

func issued(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	return reply(in, now, m, func(id commission.RequestID) commission.Reply {
		if m.has(4) {
			return commission.OperationFailed{ID: id, Err: hostError(m.text(4))}
		}
		return commission.Issued{ID: id, NOC: m.octets(2), ICAC: m.octets(3)}
	})
}

func channelLost(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	peer := session.Peer(m.u32(1))
	if m.err == nil {
		in.controller.ChannelLost(now, peer)
	}
	return nil
}

func workAnswer(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	id := session.WorkID(m.u32(1))
	var failure error
	if !m.has(2) {
		failure = hostError(m.text(3))
	}
	result := m.octets(2)
	if m.err != nil {
		return m.err
	}
	defer clear(result) // secret, whatever kind of work it was
	return in.controller.Answer(now, id, result, failure)
}

// hostError is an error in the host's words.
func hostError(message string) error {
	if message == "" {
		message = "no reason given"
	}
	return errors.New(message)
}
