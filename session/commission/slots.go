package commission

import "github.com/matter-session/matter-session/session"

// The machinery under the steps: who is asked for what, and what time it is.
// Each request that is answered has a slot, and the slot has the function that
// goes on: the only step that can follow. An instant of 0 means none; callers'
// clocks may start at 0, so instants that are computed are at least 1.

// A want is the kind of answer that a slot waits for.
type want uint8

const (
	wantNothing want = iota
	wantFound
	wantSession
	wantRead
	wantInvoke
	wantDecision
	wantNetwork
	wantIssued
)

// A slot is one open request.
type slot struct {
	id       RequestID // 0: free
	want     want
	deadline session.Instant
	session  session.SessionID // on which it runs; 0: none
	then     func(Reply)       // an OperationFailed, or what is wanted
}

func (s *slot) open() bool { return s.id != 0 }

func (s *slot) due(now session.Instant) bool {
	return s.open() && s.deadline != 0 && now >= s.deadline
}

// A timer is a wait.
type timer struct {
	at   session.Instant
	then func()
}

func (t *timer) due(now session.Instant) bool { return t.then != nil && now >= t.at }

// after returns the instant ms from now.
func (c *Commissioner) after(ms session.Milliseconds) session.Instant {
	return max(c.now+session.Instant(ms), 1)
}

// wait calls then in ms.
func (c *Commissioner) wait(ms session.Milliseconds, then func()) {
	c.timer = timer{c.after(ms), then}
}

// A deadline is the earliest of some instants.
type deadline struct{ at session.Instant }

func (d *deadline) add(at session.Instant) {
	if at != 0 && (d.at == 0 || at < d.at) {
		d.at = at
	}
}

func (c *Commissioner) nextID() RequestID {
	c.lastID++
	return c.lastID
}

// answerTo returns under which ID a reply comes and which want it answers.
func answerTo(r Reply) (RequestID, want) {
	switch r := r.(type) {
	case Discovered:
		return r.ID, wantFound
	case SessionReady:
		return r.ID, wantSession
	case ReadAnswered:
		return r.ID, wantRead
	case InvokeAnswered:
		return r.ID, wantInvoke
	case AttestationDecision:
		return r.ID, wantDecision
	case NetworkChosen:
		return r.ID, wantNetwork
	case Issued:
		return r.ID, wantIssued
	case OperationFailed:
		return r.ID, wantNothing
	}
	return 0, wantNothing
}

// answered gives a reply to the slot that waits for it, if there is one.
func (c *Commissioner) answered(r Reply) {
	id, want := answerTo(r)
	if id == 0 {
		return
	}
	for _, s := range []*slot{&c.core, &c.host, &c.search} {
		if s.id != id || (want != wantNothing && want != s.want) {
			continue
		}
		then := s.then
		if want != wantFound { // a search goes on until it is stopped
			*s = slot{}
		}
		then(r)
		return
	}
}

// expire ends a request that was not answered in time.
func (c *Commissioner) expire(s *slot) {
	then, id, want := s.then, s.id, s.want
	*s = slot{}
	switch want {
	case wantFound:
		c.emit(StopDiscover{ID: id})
	case wantSession, wantRead, wantInvoke:
		c.emit(Abandon{ID: id})
	}
	then(OperationFailed{ID: id, Err: session.ErrTimeout})
}

// abandon frees the core's slot; the answer will not be heard.
func (c *Commissioner) abandon() {
	if c.core.open() {
		c.emit(Abandon{ID: c.core.id})
		c.core = slot{}
	}
}

// stopSearch ends the discovery, if there is one.
func (c *Commissioner) stopSearch() {
	if c.search.open() {
		c.emit(StopDiscover{ID: c.search.id})
		c.search = slot{}
	}
}

// discover starts a search that lasts ms.
func (c *Commissioner) discover(d Discover, ms session.Milliseconds, then func(Reply)) {
	c.stopSearch()
	d.ID = c.nextID()
	c.search = slot{id: d.ID, want: wantFound, deadline: c.after(ms), then: then}
	c.emit(d)
}

// ask opens the host's slot and returns the ID to ask under. There is no
// deadline: the fail-safe is one.
func (c *Commissioner) ask(w want, then func(Reply)) RequestID {
	c.host = slot{id: c.nextID(), want: w, then: then}
	return c.host.id
}

// establish asks for a session.
func (c *Commissioner) establish(ms session.Milliseconds, request func(RequestID) Request, then func(SessionReady, error)) {
	c.order(func() {
		id := c.nextID()
		c.core = slot{id: id, want: wantSession, deadline: c.after(ms + graceMs), then: func(r Reply) {
			switch r := r.(type) {
			case SessionReady:
				then(r, nil)
			case OperationFailed:
				then(SessionReady{}, r.Err)
			}
		}}
		c.emit(request(id))
	})
}

// read asks for attributes over PASE.
func (c *Commissioner) read(paths []AttributePath, then func([]AttributeReport, error)) {
	c.order(func() {
		id, on := c.nextID(), c.pase.id
		c.core = slot{id: id, want: wantRead, session: on, deadline: c.after(answerMs + graceMs), then: func(r Reply) {
			switch r := r.(type) {
			case ReadAnswered:
				then(r.Reports, nil)
			case OperationFailed:
				then(nil, r.Err)
			}
		}}
		c.emit(Read{ID: id, Session: on, Paths: paths, TimeoutMs: answerMs})
	})
}

// invoke asks for a command on a session.
func (c *Commissioner) invoke(on session.SessionID, cmd CommandData, ms session.Milliseconds, then func(outcome)) {
	c.order(func() {
		id := c.nextID()
		c.core = slot{id: id, want: wantInvoke, session: on, deadline: c.after(ms + graceMs), then: func(r Reply) {
			switch r := r.(type) {
			case InvokeAnswered:
				then(outcome{CommandResult: r.Result, err: r.Result.Err()})
			case OperationFailed:
				then(outcome{err: r.Err})
			}
		}}
		c.emit(Invoke{ID: id, Session: on, Command: cmd, TimeoutMs: ms})
	})
}

// order runs send as soon as the core's slot is free: at once, or when the
// re-arming that is under way has been answered. A device gets no second
// command before the answer to the first.
func (c *Commissioner) order(send func()) {
	if c.core.open() {
		c.queued = send
		return
	}
	send()
}

func (c *Commissioner) runQueued() {
	for !c.over && c.queued != nil && !c.core.open() {
		send := c.queued
		c.queued = nil
		send()
	}
}

// stepState is the step that is under way.
type stepState struct {
	id     StepID
	open   bool
	since  session.Instant
	slowAt session.Instant
}

// begin ends the step that is open, well, and starts another.
func (c *Commissioner) begin(id StepID) {
	c.end(StepDone)
	c.step = stepState{id: id, open: true, since: c.now}
	if ms := expectedMs[id]; ms > 0 {
		c.step.slowAt = c.after(ms)
	}
	c.emit(Progress{Step: id, Status: StepStarted, ExpectedMs: expectedMs[id], FailSafeMs: c.safe.remaining(c.now)})
}

// end ends the step that is open, if one is.
func (c *Commissioner) end(status StepStatus) {
	if !c.step.open {
		return
	}
	c.step.open, c.step.slowAt = false, 0
	c.emit(Progress{c.step.id, status, session.Milliseconds(c.now - c.step.since), expectedMs[c.step.id], c.safe.remaining(c.now)})
}

// skip tells of steps that this device does not need.
func (c *Commissioner) skip(ids ...StepID) {
	c.end(StepDone)
	for _, id := range ids {
		c.emit(Progress{Step: id, Status: StepSkipped, ExpectedMs: expectedMs[id]})
	}
}

// unhurried: what the open step waits for now is a person.
func (c *Commissioner) unhurried() { c.step.slowAt = 0 }

func (c *Commissioner) tickStep() {
	if c.step.slowAt == 0 || c.now < c.step.slowAt {
		return
	}
	c.step.slowAt = 0
	c.emit(Progress{c.step.id, StepSlow, session.Milliseconds(c.now - c.step.since), expectedMs[c.step.id], c.safe.remaining(c.now)})
}
