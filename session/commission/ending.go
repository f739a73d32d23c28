package commission

import (
	"errors"

	"github.com/matter-session/matter-session/session"
)

// The fail-safe, and everything that ends badly. Until CommissioningComplete the
// device undoes an attempt by itself when its fail-safe runs out; a commissioner
// that gives up tells it not to wait for that. Matter Core §11.10.7.2.

// failSafe is what we know of the device's timer.
type failSafe struct {
	until      session.Instant // when the device undoes everything, at the latest; 0: not armed
	limit      session.Instant // how far it can be extended
	keepAt     session.Instant // when to extend it next, while somebody decides
	breadcrumb uint64
}

// begin notes that PASE has succeeded, by which the device armed it.
func (s *failSafe) begin(now session.Instant) {
	s.until = max(now+session.Instant(armedByPASEMs), 1)
	s.limit = now + session.Instant(cumulativeMs)
}

func (s *failSafe) armed() bool { return s.until != 0 }

// remaining returns how long the device would still wait.
func (s *failSafe) remaining(now session.Instant) session.Milliseconds {
	if !s.armed() {
		return 0
	}
	return session.Milliseconds(max(s.until-now, 0))
}

// nextBreadcrumb returns a number that the device reports back if it is asked
// how far we came: an increasing one.
func (c *Commissioner) nextBreadcrumb() uint64 {
	c.safe.breadcrumb++
	return c.safe.breadcrumb
}

// arm extends the fail-safe to ms from now, as far as the device's cumulative
// limit allows, and goes on with the answer.
func (c *Commissioner) arm(ms session.Milliseconds, then func(outcome)) {
	c.order(func() {
		ms := min(ms, session.Milliseconds(c.safe.limit-c.now))
		seconds := uint16(min(max(ms/1000, 0), 0xFFFF))
		if seconds == 0 { // there is no more to be had, and 0 would end it
			then(outcome{})
			return
		}
		c.invoke(c.pase.id, ArmFailSafe(seconds, c.nextBreadcrumb()), answerMs, func(o outcome) {
			// The device counts from when it was told, at the latest from now. If it
			// did not answer it may have been told all the same.
			span := session.Milliseconds(seconds) * 1000
			switch {
			case o.err == nil && o.code() == CommissioningOK:
				c.safe.until = c.after(span)
			case o.err != nil && o.status() == StatusSuccess:
				c.safe.until = max(c.safe.until, c.after(span))
			}
			then(o)
		})
	})
}

// ensure extends the fail-safe if less than ms is left of it, and goes on. A
// dead channel is left alone: there it can only fail.
func (c *Commissioner) ensure(ms session.Milliseconds, then func()) {
	if !c.pase.usable() || c.safe.remaining(c.now) >= ms {
		then()
		return
	}
	c.arm(max(ms, wantedArmMs), func(o outcome) {
		if !c.unanswered(o) { // a refusal shows in the step that needed it
			then()
		}
	})
}

// deciding is called when a question goes to the host: the fail-safe is kept
// from running out meanwhile.
func (c *Commissioner) deciding() {
	c.unhurried()
	early := c.safe.until - session.Instant(keepAliveMs)
	c.safe.keepAt = max(min(c.after(keepAliveMs), early), c.now, 1)
}

// failSafeDeadline returns when tickFailSafe has something to do; 0 if never.
func (c *Commissioner) failSafeDeadline() session.Instant {
	if !c.host.open() || c.ending != nil {
		return 0
	}
	var d deadline
	d.add(c.safe.until)
	if c.pase.usable() && !c.core.open() {
		d.add(c.safe.keepAt)
	}
	return d.at
}

func (c *Commissioner) tickFailSafe() {
	at := c.failSafeDeadline()
	switch {
	case at == 0 || c.now < at:
	case c.now >= c.safe.until:
		c.fail(rolledBack())
	default:
		c.safe.keepAt = c.after(keepAliveMs)
		if c.safe.until+1000 >= c.safe.limit { // nothing to be had
			c.safe.keepAt = 0
			return
		}
		c.arm(wantedArmMs, func(o outcome) { c.unanswered(o) })
	}
}

func rolledBack() Failed {
	return Failed{Code: CodeRolledBack, Retry: RetryRestart, RolledBack: true,
		Message: "Time ran out and the device undid everything."}
}

func (ch *channel) usable() bool { return ch.alive && !ch.mute }

// unanswered takes the outcome of a command over PASE that the device did not
// answer, and reports whether it was one. What the device answered, well or
// badly, is the caller's.
func (c *Commissioner) unanswered(o outcome) bool {
	var refused *InteractionError
	if o.err == nil || errors.As(o.err, &refused) {
		return false
	}
	c.broken(o.err)
	return true
}

// broken: PASE carries no more. Before AddNOC that is the end. After it the
// device is a member of the fabric and on its way to the network, and dropping
// Bluetooth on that way is what devices do.
func (c *Commissioner) broken(err error) {
	c.pase.mute = true
	switch {
	case c.ending != nil || c.find.begun:
	case !c.noc.added:
		c.fail(Failed{Code: CodeConnectionLost, Retry: RetryRestart,
			Message: "The connection to the device was lost: " + err.Error()})
	case c.host.open():
		c.fail(Failed{Code: CodeRetryRefused, Retry: RetryRestart,
			Message: "The device takes no other network in this attempt."})
	default:
		c.queued = nil
		c.startFind()
	}
}

// lost takes the end of a session that we did not end.
func (c *Commissioner) lost(r SessionLost) {
	err := r.Err
	if err == nil {
		err = session.ErrClosed
	}
	var ofPASE, ofCASE bool
	switch {
	case c.pase.alive && c.pase.id == r.Session:
		c.pase, ofPASE = channel{}, true
	case c.operational.alive && c.operational.id == r.Session:
		c.operational, ofCASE = channel{}, true
	}
	switch {
	case (ofPASE || ofCASE) && c.core.open() && c.core.session == r.Session:
		then := c.core.then
		c.core = slot{}
		then(OperationFailed{Err: err})
	case ofPASE:
		c.broken(err)
	}
}

// refused fails with what the device said to a command of a step: with code,
// unless its status says something that is true of every step.
func (c *Commissioner) refused(code Code, retry Retry, message string, o outcome, status DeviceStatus) {
	var e *InteractionError
	if errors.As(o.err, &e) {
		status = DeviceStatus{e.Status.String(), uint16(e.Status)}
		switch {
		case e.Status == StatusFailSafeRequired:
			f := rolledBack()
			f.Status = status
			c.fail(f)
			return
		case e.Status == StatusBusy:
			code, retry, message = CodeDeviceBusy, RetryRestart, "The device is busy."
		}
	}
	c.fail(Failed{Code: code, Retry: retry, Status: status, Message: message})
}

// cancel stops, unless it is too late for that.
func (c *Commissioner) cancel() {
	switch {
	case c.find.complete: // it is in the fabric; only the label is missing
		c.abandon()
		c.finish()
	case c.find.unsure && c.core.open(): // the answer decides
		c.find.cancelled = true
	default:
		c.fail(cancelled())
	}
}

func cancelled() Failed {
	return Failed{Code: CodeCancelled, Retry: RetryRestart, Message: "The commissioning was stopped."}
}

// fail ends the commissioning. The device is told to undo what was done, if it
// can still be told.
func (c *Commissioner) fail(f Failed) {
	if c.over || c.ending != nil {
		return
	}
	f.Step = c.step.id
	c.end(StepFailed)
	c.stopSearch()
	c.host, c.queued, c.timer = slot{}, nil, timer{}
	c.ending = &f
	on := c.undoChannel()
	if c.core.want == wantSession && !c.safe.armed() { // PASE may succeed all the same
		f.WaitMs = max(f.WaitMs, armedByPASEMs)
	}
	switch {
	case f.RolledBack || on == 0:
		c.abandon()
		c.conclude()
	case c.core.open() && c.core.session == on:
		// A command is on its way. Its answer is waited for, shortly: devices
		// take one command at a time.
		c.core.deadline = min(c.core.deadline, c.after(abandonMs))
		c.core.then = func(Reply) { c.disarm() }
	default:
		c.abandon()
		c.disarm()
	}
}

// undoChannel returns the session on which the device can be told to undo; 0 if
// there is none.
func (c *Commissioner) undoChannel() session.SessionID {
	switch {
	case c.operational.usable():
		return c.operational.id
	case c.pase.usable():
		return c.pase.id
	}
	return 0
}

func (c *Commissioner) disarm() {
	on := c.undoChannel()
	if on == 0 {
		c.conclude()
		return
	}
	c.invoke(on, ArmFailSafe(0, 0), shortAnswerMs, func(o outcome) {
		// A device that may have been told CommissioningComplete says yes to this
		// also if there is nothing that it could undo.
		c.ending.RolledBack = o.err == nil && o.code() == CommissioningOK && !c.find.unsure
		c.conclude()
	})
}

// conclude says what happened. It is the last thing that is said.
func (c *Commissioner) conclude() {
	f := *c.ending
	switch {
	case f.RolledBack:
	case !c.safe.armed():
		f.RolledBack = true // nothing was begun
	default:
		f.WaitMs = max(f.WaitMs, c.safe.remaining(c.now))
	}
	c.closeSession(&c.operational)
	c.closeSession(&c.pase)
	c.emit(f)
	c.scrub()
}

func (c *Commissioner) closeSession(ch *channel) {
	if ch.alive {
		c.emit(CloseSession{Session: ch.id})
	}
	*ch = channel{}
}

// scrub forgets everything but what was not yet fetched. Best effort.
func (c *Commissioner) scrub() {
	clear(c.net.chosen.Credentials)
	clear(c.net.chosen.Dataset)
	*c = Commissioner{out: c.out, node: c.node, over: true}
}
