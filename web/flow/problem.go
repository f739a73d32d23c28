package flow

import "strconv"

// problemParams are the problems there are, and the parameters of the sentences
// of each. It is the one place that says so: the messages are held against it.
func problemParams(id string) (params []string, known bool) {
	switch id {
	case
		// The browser.
		"bluetooth-missing", "bluetooth-disabled", "insecure-context", "blocked-by-frame", "bluetooth-off",
		"load-corrupt", "core-dead", "core-stopped",
		// The code.
		"code-check-digit", "code-not-matter", "code-homekit", "code-version", "code-inconsistent", "code-range",
		"code-passcode", "camera-denied", "camera-none", "camera-failed", "picture-unreadable",
		// The way to the device.
		"agent-token", "picker-dismissed", "not-found", "not-matter-device", "connect-failed", "btp-retry", "btp-stalled",
		"window-closed", "device-busy", "fail-safe-busy", "other-tab",
		// The device, and its maker.
		"attestation-refused", "attestation-invalid", "terms-required", "csr-invalid", "noc-rejected",
		"fabric-table-full", "fabric-conflict",
		// The network.
		"scan-failed", "network-table-full", "thread-dataset", "thread-hex-prefix", "thread-odd", "thread-long",
		"thread-broken", "thread-no-key", "thread-no-channel", "thread-no-name", "thread-no-pan", "thread-no-extended-pan",
		"retry-refused", "not-seen", "case-failed", "complete-refused", "rolled-back", "cancelled",
		"wifi-name", "wifi-password-short", "wifi-password-long",
		// The home.
		"storage-lost", "share-failed", "device-unreachable", "device-refused",
		"backup-passphrase", "backup-wrong-passphrase", "backup-damaged", "backup-not-a-backup", "backup-newer",
		"backup-exists", "backup-impossible", "unexpected":
		return nil, true
	case "load-failed", "storage-failed":
		return []string{"cause"}, true
	case "code-length":
		return []string{"n", "of"}, true
	case "code-incomplete", "thread-not-hex":
		return []string{"n"}, true
	case "code-character":
		return []string{"char"}, true
	case "no-ip-path":
		return []string{"command"}, true
	case "agent-unreachable", "agent-blocked":
		return []string{"url"}, true
	case "connection-lost":
		return []string{"step"}, true
	case "pase-timeout":
		return []string{"s"}, true
	case "wrong-code":
		return []string{"n", "of"}, true
	case "wifi-not-found", "wifi-auth", "wifi-security", "ip-failed":
		return []string{"ssid"}, true
	case "thread-not-found":
		return []string{"name"}, true
	}
	return nil, false
}

// WrongCodes is how many wrong codes a device takes in one commissioning window.
// Matter Core §5.5.
const WrongCodes = 20

// problem makes one. Parameters that are not given come from the state; those
// that nobody knows are a dash. A problem that is not foreseen says so.
func (m *machine) problem(id, detail string, given map[string]string) *Problem {
	names, known := problemParams(id)
	if !known {
		if id != "" && detail != "" {
			id += ": "
		}
		detail = id + detail
		id = "unexpected"
	}
	p := &Problem{ID: id, Detail: clean(detail, maxTechnical)}
	if len(names) > 0 {
		p.Params = make(map[string]string, len(names))
	}
	for _, name := range names {
		value := clean(given[name], maxURL)
		if value == "" {
			value = m.parameter(name)
		}
		if name == "cause" && value == "" {
			value = p.Detail
		}
		if value == "" {
			value = "–"
		}
		p.Params[name] = value
	}
	return p
}

// parameter is what the state knows under a name.
func (m *machine) parameter(name string) string {
	switch name {
	case "command":
		return AgentCommand
	case "url":
		return m.Options.AgentURL
	case "ssid", "name":
		return m.run.joining
	case "step":
		if n := len(m.Steps); n > 0 {
			return m.Steps[n-1].ID
		}
		return "link"
	case "s":
		if n := len(m.Steps); n > 0 {
			return strconv.Itoa(int((m.since(m.Steps[n-1].StartedAt) + 500) / 1000))
		}
	case "n":
		return strconv.Itoa(m.Attempts)
	case "of":
		return strconv.Itoa(WrongCodes)
	}
	return ""
}

// retryOf is where a person enters again after a problem, if the sessions do not
// say.
func retryOf(id string) string {
	switch id {
	case "device-busy", "fail-safe-busy", "other-tab", "not-found", "storage-failed", "storage-lost",
		"agent-unreachable", "agent-blocked", "agent-token", "bluetooth-off":
		return "same"
	case "wrong-code":
		return "code"
	case "attestation-refused", "attestation-invalid", "terms-required", "fabric-table-full", "fabric-conflict",
		"bluetooth-missing", "bluetooth-disabled", "insecure-context", "blocked-by-frame":
		return "none"
	}
	return "restart"
}
