package commission

import (
	"errors"

	"github.com/matter-session/matter-session/session"
)

// An interaction is one action of a client, on one exchange: a value that is
// given what the peer says and returns what to answer. It knows nothing of
// exchanges, sessions or time.
//
// After an error, or a step that is done, it is dead.
type interaction interface {
	// start returns the first message.
	start() (Message, error)
	// handle consumes a message of the peer. A step can carry a reply together
	// with an error: the peer is to be told.
	handle(in Message) (step, error)
}

// A step is what an interaction wants done.
type step struct {
	reply *Message // to send on the exchange
	done  bool     // no further message is due; outcome is set
	// outcome makes the event that the interaction ends in; report is what a
	// subscription brought on its way there.
	outcome func(InteractionID) Event
	report  *Report
}

// maxPayload is the largest payload that fits a datagram without fragmentation:
// 1,280 octets less the headers of IPv6, UDP and Matter, an acknowledgement and
// the integrity check.
const maxPayload = 1280 - 48 - 8 - 10 - 16

var (
	errNoResult      = errors.New("commission: the device answered without a result")
	errSubscription  = errors.New("commission: the reports and the answer to a subscription differ in its ID")
	errNothingAsked  = errors.New("commission: nothing is asked for")
	errWrongResponse = errors.New("commission: the device answered with a message that does not belong here")
)

// success is the StatusResponse that asks for the next part, or says that all
// is well.
func success() *Message { return statusMessage(StatusSuccess) }

func statusMessage(s Status) *Message {
	return &Message{OpcodeStatusResponse, StatusResponse{s}.Append(nil)}
}

// refuse is the step after a message that makes no sense here: the peer is told.
// It must not be a StatusResponse: those are never answered.
func refuse(err error) (step, error) {
	return step{reply: statusMessage(StatusInvalidAction)}, err
}

// unexpected is the step after a message that is not due: a status that tells of
// a failure, or one that does not belong here.
func unexpected(in Message) (step, error) {
	if in.Opcode != OpcodeStatusResponse {
		return refuse(errWrongResponse)
	}
	m, err := ParseStatusResponse(in.Payload)
	if err == nil {
		err = StatusIB{Status: m.Status}.Err()
	}
	if err == nil {
		err = errWrongResponse
	}
	return step{}, err
}

// message checks that a request fits a datagram.
func message(op session.Opcode, payload []byte) (Message, error) {
	if len(payload) > maxPayload {
		return Message{}, session.ErrTooLarge
	}
	return Message{op, payload}, nil
}

// A reading reads attributes and events once. Matter Core §8.4.
type reading struct {
	request  ReadRequest
	assembly reportAssembly
}

func (i *reading) held() int { return i.assembly.held() }

func (i *reading) start() (Message, error) {
	if len(i.request.Attributes)+len(i.request.Events) == 0 {
		return Message{}, errNothingAsked
	}
	return message(OpcodeReadRequest, i.request.Append(nil))
}

func (i *reading) handle(in Message) (step, error) {
	if in.Opcode != OpcodeReportData {
		return unexpected(in)
	}
	m, err := ParseReportData(in.Payload)
	if err == nil {
		err = i.assembly.add(&m, len(in.Payload))
	}
	if err != nil {
		return refuse(err)
	}
	var s step
	if !m.SuppressResponse {
		s.reply = success()
	}
	if !m.MoreChunks {
		r := i.assembly.take()
		s.done, s.outcome = true, func(id InteractionID) Event { return ReadDone{id, r} }
	}
	return s, nil
}

// A timed action is announced by a TimedRequest, whose answer lets it start.
// Matter Core §8.7, §8.8.
type timed struct {
	timeoutMs uint16 // 0: not timed
	announced bool   // the TimedRequest is out, its answer is not there
}

// first returns the TimedRequest, or next if the action is not timed.
func (t *timed) first(next func() (Message, error)) (Message, error) {
	m, err := next()
	if err != nil || t.timeoutMs == 0 {
		return m, err
	}
	t.announced = true
	return Message{OpcodeTimedRequest, TimedRequest{t.timeoutMs}.Append(nil)}, nil
}

// answered handles the answer to the TimedRequest.
func (t *timed) answered(in Message, next func() (Message, error)) (step, error) {
	if in.Opcode != OpcodeStatusResponse {
		return unexpected(in)
	}
	if m, err := ParseStatusResponse(in.Payload); err != nil || m.Status != StatusSuccess {
		return unexpected(in)
	}
	t.announced = false
	m, err := next()
	return step{reply: &m}, err
}

// An invoking invokes one or more commands. Matter Core §8.8.
type invoking struct {
	timed
	commands []CommandData
	results  []CommandResult
}

func (i *invoking) start() (Message, error) {
	if len(i.commands) == 0 {
		return Message{}, errNothingAsked
	}
	return i.first(i.request)
}

func (i *invoking) request() (Message, error) {
	commands := i.commands
	if len(commands) > 1 {
		commands = append([]CommandData(nil), commands...)
		for n := range commands {
			if !commands[n].HasRef {
				commands[n].Ref, commands[n].HasRef = uint16(n), true
			}
		}
	}
	return message(OpcodeInvokeRequest, InvokeRequest{Timed: i.timeoutMs != 0, Commands: commands}.Append(nil))
}

func (i *invoking) handle(in Message) (step, error) {
	if i.announced {
		return i.answered(in, i.request)
	}
	if in.Opcode != OpcodeInvokeResponse {
		return unexpected(in)
	}
	m, err := ParseInvokeResponse(in.Payload)
	if err == nil && len(i.results)+len(m.Results) > len(i.commands) {
		err = session.ErrLimit // no command has two answers
	}
	if err != nil {
		return refuse(err)
	}
	i.results = append(i.results, m.Results...)
	switch {
	case len(m.Results) == 0: // not even a part of an answer: a peer must not keep us waiting so
		return refuse(errNoResult)
	case m.MoreChunks:
		return step{reply: success()}, nil
	}
	return step{done: true, outcome: func(id InteractionID) Event { return InvokeDone{id, i.results} }}, nil
}

// A subscribing sets a subscription up: a report of everything asked for, then
// the terms. Later reports come on exchanges that the peer opens. Matter Core §8.5.
type subscribing struct {
	request  SubscribeRequest
	assembly reportAssembly
	id       uint32
	known    bool // id is: a report has come
	primed   bool // the last chunk has come
}

func (i *subscribing) held() int { return i.assembly.held() }

func (i *subscribing) start() (Message, error) {
	if len(i.request.Attributes)+len(i.request.Events) == 0 {
		return Message{}, errNothingAsked
	}
	return message(OpcodeSubscribeRequest, i.request.Append(nil))
}

func (i *subscribing) handle(in Message) (step, error) {
	switch {
	case in.Opcode == OpcodeReportData && !i.primed:
		return i.report(in)
	case in.Opcode == OpcodeSubscribeResponse && i.primed:
		m, err := ParseSubscribeResponse(in.Payload)
		if err == nil && m.SubscriptionID != i.id {
			err = errSubscription
		}
		if err != nil {
			return refuse(err)
		}
		return step{done: true, outcome: func(id InteractionID) Event {
			return SubscriptionEstablished{id, m.SubscriptionID, m.MaxIntervalS}
		}}, nil
	}
	return unexpected(in)
}

func (i *subscribing) report(in Message) (step, error) {
	m, err := ParseReportData(in.Payload)
	if err == nil && (!m.HasSubscription || i.known && m.SubscriptionID != i.id) {
		err = errSubscription
	}
	if err == nil {
		err = i.assembly.add(&m, len(in.Payload))
	}
	if err != nil {
		return refuse(err)
	}
	i.id, i.known, i.primed = m.SubscriptionID, true, !m.MoreChunks
	var s step
	if !m.SuppressResponse {
		s.reply = success()
	}
	if i.primed {
		r := i.assembly.take()
		s.report = &r
	}
	return s, nil
}
