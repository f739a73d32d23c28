package flow

import "strconv"

// What a view asks of a state.

// stageOf returns the stage of a screen.
func stageOf(s Screen) Stage {
	switch s {
	case ScreenCode, ScreenScan:
		return StageCode
	case ScreenTransport, ScreenPick, ScreenDiscover, ScreenConnecting, ScreenSecuring:
		return StageConnect
	case ScreenChecking, ScreenDecide:
		return StageCheck
	case ScreenNetwork, ScreenJoining:
		return StageNetwork
	case ScreenFinding, ScreenFinishing:
		return StageFinish
	}
	return StageNone
}

// Stage returns which of the five stages is shown; for a failure and a stop, how
// far it had come.
func (s State) Stage() Stage {
	if s.Screen != ScreenFailed && s.Screen != ScreenStopped {
		return stageOf(s.Screen)
	}
	stage := StageCode
	if s.Failure != nil && s.Screen == ScreenFailed {
		if p, ok := placeOf(s.Failure.Step); ok {
			return stageOf(p.screen)
		}
	}
	if s.Code.Accepted {
		stage = StageConnect
	}
	if n := len(s.Steps); n > 0 {
		stage = max(stage, s.Steps[n-1].Stage)
	}
	return stage
}

// Ticking reports whether what is shown changes with time, so that a Tick each
// second is wanted.
func (s State) Ticking() bool {
	if s.Notice != "" || rank(s.Screen) > 0 {
		return true
	}
	switch s.Screen {
	case ScreenScan:
		return s.Scan.Phase == "live" && Milliseconds(s.Now-s.Scan.Since) < scanMs
	case ScreenTransport:
		return s.Waiting
	case ScreenDiscover:
		return s.Searching
	case ScreenFailed:
		return s.Failure != nil && s.Failure.Until > s.Now
	case ScreenStopped:
		return s.Stopped.Phase == "stopping" || s.Stopped.Until > s.Now
	case ScreenShare:
		return s.Share.Phase == "open" || s.Share.Phase == "opening"
	}
	return false
}

// CanGoBack reports whether Back leads somewhere. Once the device's fail-safe
// runs there is only Stop.
func (s State) CanGoBack() bool {
	switch s.Screen {
	case ScreenCode:
		return s.Options.Manage
	case ScreenScan, ScreenTransport, ScreenPick, ScreenDiscover, ScreenShare, ScreenDevice:
		return true
	case ScreenConnecting, ScreenSecuring, ScreenChecking:
		return !s.Armed
	}
	return false
}

// patienceMs is how long a device lets its fail-safe be extended while somebody
// decides. Matter Core §11.10.6.1: MaxCumulativeFailsafeSeconds, usually 900.
const patienceMs Instant = 900_000

// DecideUntil returns when the device gives up waiting for a decision; 0 where
// none is asked for.
func (s State) DecideUntil() Instant {
	if s.run.provenAt == 0 || s.Screen != ScreenDecide && s.Screen != ScreenNetwork {
		return 0
	}
	return s.run.provenAt + patienceMs
}

// ScanHint reports whether the scanner has looked in vain for so long that advice
// is due.
func (s State) ScanHint() bool {
	return s.Screen == ScreenScan && s.Scan.Phase == "live" && Milliseconds(s.Now-s.Scan.Since) >= scanMs
}

// Current returns the step that is under way, or the last one.
func (s State) Current() (Step, bool) {
	for i := len(s.Steps) - 1; i >= 0; i-- {
		if st := s.Steps[i]; st.Status == StepStart || st.Status == StepSlow {
			return st, true
		}
	}
	if n := len(s.Steps); n > 0 {
		return s.Steps[n-1], true
	}
	return Step{}, false
}

// Running returns how long a step takes, or took.
func (s State) Running(st Step) Milliseconds {
	if st.Status == StepStart || st.Status == StepSlow {
		return max(Milliseconds(s.Now-st.StartedAt), 0)
	}
	return st.Elapsed
}

// Late reports whether a step takes longer than it usually does.
func (s State) Late(st Step) bool {
	return (st.Status == StepStart || st.Status == StepSlow) && st.Expected > 0 && s.Running(st) > st.Expected
}

// Left returns what is left until a point in time, never less than 0.
func Left(s State, until Instant) Milliseconds { return max(Milliseconds(until-s.Now), 0) }

// Clock writes a duration as minutes and seconds, "4:51"; what has begun counts.
func Clock(d Milliseconds) string {
	seconds := (max(d, 0) + 999) / 1000
	rest := strconv.Itoa(int(seconds % 60))
	if len(rest) < 2 {
		rest = "0" + rest
	}
	return strconv.Itoa(int(seconds/60)) + ":" + rest
}

// NetworkName returns the name of the network that the device joins, or "".
func (s State) NetworkName() string { return s.run.joining }
