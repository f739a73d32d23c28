package abi

import (
	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/commission"
	"github.com/matter-session/matter-session/session/tlv"
)

// The numbers of events.
const (
	eventStep = iota + 1
	eventDiscover
	eventStopDiscovery
	eventAttestation
	eventNetwork
	eventIssue
	eventCommissioned
	eventCommissionFailed
	eventSession
	eventFailed
	eventReport
	eventWriteDone
	eventInvokeDone
	eventSubscribed
	eventSubscriptionLost
	eventSessionClosed
	eventWork
	eventResumption
	eventPASEClosed = 22
)

// requestMember carries the number under which a request of a commissioning is
// answered.
const requestMember = 15

// appendEvent appends one event: a structure whose member 0 is its number.
func (in *instance) appendEvent(b []byte, e commission.ControllerEvent) []byte {
	w := tlv.NewWriter(b)
	w.Struct(tlv.Anonymous)
	switch e := e.(type) {
	case commission.CommissioningEvent:
		writeJob(w, uint64(e.Commissioning)|operationBit, e.Request)
	case commission.Connected:
		in.writeSession(w, uint64(e.Connection)|operationBit, e.Session)
	case commission.ConnectFailed:
		writeFailure(w, eventFailed, uint64(e.Connection)|operationBit, e.Err)
	case commission.InteractionEvent:
		writeInteractionEvent(w, e.Event)
	case commission.SessionEvent:
		in.writeSessionEvent(w, e.Event)
	}
	w.End()
	return w.Octets()
}

func begin(w *tlv.Writer, number, id uint64) {
	w.Uint(ctx(0), number)
	w.Uint(ctx(1), id)
}

// writeFailure writes an event that carries an error: 2 its code, 3 its message,
// 4 and 5 the peer's status.
func writeFailure(w *tlv.Writer, number, id uint64, err error) {
	begin(w, number, id)
	w.Uint(ctx(2), uint64(codeOf(err)))
	w.String(ctx(3), messageOf(err))
	if name, value, ok := statusOf(err); ok {
		w.String(ctx(4), name)
		w.Uint(ctx(5), value)
	}
}

// stages are the five that a person sees.
var stages = map[commission.StepID]uint64{
	commission.StepPayload: 1, commission.StepLink: 2, commission.StepPASE: 2, commission.StepFacts: 2, commission.StepFailSafe: 2,
	commission.StepRegulatory: 3, commission.StepTime: 3, commission.StepAttestation: 3, commission.StepCSR: 3, commission.StepRoot: 3, commission.StepNOC: 3,
	commission.StepScan: 4, commission.StepNetwork: 4, commission.StepConnect: 4,
	commission.StepDiscover: 5, commission.StepCASE: 5, commission.StepComplete: 5, commission.StepLabel: 5,
}

func writeJob(w *tlv.Writer, id uint64, r commission.Request) {
	switch r := r.(type) {
	case commission.Progress:
		begin(w, eventStep, id)
		w.String(ctx(2), string(r.Step))
		w.String(ctx(3), string(r.Status))
		w.Uint(ctx(4), milliseconds(r.ElapsedMs))
		if r.ExpectedMs > 0 {
			w.Uint(ctx(5), milliseconds(r.ExpectedMs))
		}
		w.Uint(ctx(6), stages[r.Step])
		if r.FailSafeMs > 0 {
			w.Uint(ctx(7), milliseconds(r.FailSafeMs))
		}
	case commission.Discover:
		begin(w, eventDiscover, id)
		if q := r.Commissionable; q != nil {
			w.Uint(ctx(2), uint64(q.Discriminator))
			w.Bool(ctx(3), q.Short)
			writeStated(w, 4, uint64(q.VendorID))
			writeStated(w, 5, uint64(q.ProductID))
		} else {
			w.String(ctx(6), r.Operational)
		}
		w.Uint(ctx(requestMember), uint64(r.ID))
	case commission.StopDiscover:
		begin(w, eventStopDiscovery, id)
		w.Uint(ctx(requestMember), uint64(r.ID))
	case commission.DecideAttestation:
		writeVerdict(w, id, r)
	case commission.ChooseNetwork:
		writeNetworks(w, id, r)
	case commission.IssueNOC:
		begin(w, eventIssue, id)
		w.Bytes(ctx(2), r.CSR)
		w.Uint(ctx(3), uint64(r.Node))
		w.Bytes(ctx(4), r.PublicKey[:])
		w.Uint(ctx(requestMember), uint64(r.ID))
	case commission.Finished:
		begin(w, eventCommissioned, id)
		w.Uint(ctx(2), uint64(r.Node))
		w.Uint(ctx(3), uint64(r.Fabric))
		w.Uint(ctx(4), uint64(r.VendorID))
		w.Uint(ctx(5), uint64(r.ProductID))
		if r.ProductName != "" {
			w.String(ctx(6), r.ProductName)
		}
		w.Uint(ctx(8), uint64(r.Session))
		w.Uint(ctx(9), uint64(r.At.Peer))
	case commission.Failed:
		begin(w, eventCommissionFailed, id)
		w.String(ctx(2), string(r.Code))
		w.String(ctx(3), string(r.Step))
		w.String(ctx(4), string(r.Retry))
		if r.Status.Name != "" {
			w.String(ctx(5), r.Status.Name)
			w.Uint(ctx(6), uint64(r.Status.Value))
		}
		if r.WaitMs > 0 {
			w.Uint(ctx(7), milliseconds(r.WaitMs))
		}
		w.String(ctx(8), r.Message)
		w.Bool(ctx(9), r.RolledBack)
	}
}

// milliseconds is a time as a member of 32 bits has it, whatever a host's clock does.
func milliseconds(t session.Milliseconds) uint64 { return uint64(min(max(t, 0), 1<<32-1)) }

// writeStated writes an identifier unless it is 0, which states none.
func writeStated(w *tlv.Writer, n uint8, v uint64) {
	if v != 0 {
		w.Uint(ctx(n), v)
	}
}

func writeVerdict(w *tlv.Writer, id uint64, r commission.DecideAttestation) {
	v := r.Verdict
	begin(w, eventAttestation, id)
	w.String(ctx(2), v.Class.String())
	w.Array(ctx(3))
	for _, f := range v.Findings {
		w.Struct(tlv.Anonymous)
		w.String(ctx(0), f.ID)
		w.String(ctx(1), f.Sentence)
		w.End()
	}
	w.End()
	writeStated(w, 4, uint64(v.VendorID))
	writeStated(w, 5, uint64(v.ProductID))
	if v.CertificateID != "" {
		w.String(ctx(6), v.CertificateID)
	}
	w.Uint(ctx(requestMember), uint64(r.ID))
}

func writeNetworks(w *tlv.Writer, id uint64, r commission.ChooseNetwork) {
	begin(w, eventNetwork, id)
	w.String(ctx(2), string(r.Kind))
	w.Array(ctx(3))
	for _, n := range r.WiFi {
		w.Struct(tlv.Anonymous)
		w.Bytes(ctx(0), n.SSID)
		w.Int(ctx(1), int64(n.RSSI))
		w.Uint(ctx(2), uint64(n.Security))
		w.Uint(ctx(3), uint64(n.Channel))
		w.End()
	}
	for _, n := range r.Thread {
		w.Struct(tlv.Anonymous)
		w.Bytes(ctx(0), []byte(n.Name))
		w.Int(ctx(1), int64(n.RSSI))
		w.Uint(ctx(3), uint64(n.Channel))
		w.Uint(ctx(4), n.ExtendedPANID)
		w.End()
	}
	w.End()
	if r.Problem != "" {
		w.String(ctx(4), string(r.Problem))
	}
	if r.Status.Name != "" {
		w.String(ctx(5), r.Status.Name)
	}
	w.Uint(ctx(requestMember), uint64(r.ID))
}

func (in *instance) writeSession(w *tlv.Writer, id uint64, s session.SessionID) {
	begin(w, eventSession, id)
	w.Uint(ctx(2), uint64(s))
	info, ok := in.controller.Sessions().Session(s)
	if !ok { // gone again: its SessionClosed follows
		return
	}
	w.Uint(ctx(3), uint64(info.Kind))
	w.Bool(ctx(4), info.Resumed)
	w.Uint(ctx(5), uint64(info.PeerNode))
	w.Uint(ctx(6), uint64(info.Fabric))
	w.Uint(ctx(7), uint64(info.Peer))
}

func (in *instance) writeSessionEvent(w *tlv.Writer, e session.Event) {
	switch e := e.(type) {
	case session.SessionEstablished:
		in.writeSession(w, 0, e.Session)
	case session.SessionClosed:
		writeFailure(w, eventSessionClosed, uint64(e.Session), e.Err)
	case session.WorkWanted:
		begin(w, eventWork, uint64(e.Work.ID))
		w.Uint(ctx(2), uint64(e.Work.Kind))
		w.Uint(ctx(3), uint64(e.Work.Fabric))
		w.Uint(ctx(4), uint64(e.Work.Key))
		w.Bytes(ctx(5), e.Work.Data)
		clear(e.Work.Data) // may be a passcode; the host has it now
		w.Bytes(ctx(6), e.Work.Salt)
		w.Uint(ctx(7), uint64(e.Work.Iterations))
	case session.ResumptionSaved:
		w.Uint(ctx(0), eventResumption)
		w.Bytes(ctx(1), e.Record.AppendTLV(nil))
		w.Uint(ctx(2), uint64(e.Record.Fabric))
		w.Uint(ctx(3), uint64(e.Record.Peer))
	case session.PASEClosed:
		w.Uint(ctx(0), eventPASEClosed)
	}
}

// writeInteractionEvent writes all but reports: see [appendReport].
func writeInteractionEvent(w *tlv.Writer, e commission.Event) {
	switch e := e.(type) {
	case commission.WriteDone:
		begin(w, eventWriteDone, uint64(e.ID))
		w.Array(ctx(2))
		for _, s := range e.Statuses {
			w.Struct(tlv.Anonymous)
			writeAttributePath(w, s.Path)
			writeStatus(w, 5, s.Status)
			w.End()
		}
		w.End()
	case commission.InvokeDone:
		begin(w, eventInvokeDone, uint64(e.ID))
		w.Array(ctx(2))
		for _, r := range e.Results {
			w.Struct(tlv.Anonymous)
			w.Uint(ctx(0), uint64(r.Path.Endpoint))
			w.Uint(ctx(1), uint64(r.Path.Cluster))
			w.Uint(ctx(2), uint64(r.Path.Command))
			writeValue(w, 4, r.Fields, r.Status)
			w.End()
		}
		w.End()
	case commission.SubscriptionEstablished:
		begin(w, eventSubscribed, uint64(e.ID))
		w.Uint(ctx(2), uint64(e.SubscriptionID))
		w.Uint(ctx(3), uint64(e.MaxIntervalS))
	case commission.SubscriptionLost:
		writeFailure(w, eventSubscriptionLost, uint64(e.ID), e.Err)
	case commission.InteractionFailed:
		writeFailure(w, eventFailed, uint64(e.ID), e.Err)
	}
}
