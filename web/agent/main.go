//go:build !js

// Agent lets a page reach the Matter devices of its network: a browser has no
// UDP and no multicast. It serves the page, finds devices by DNS-SD, and carries
// datagrams between them and the page's WebSocket. What it carries is Matter's own
// ciphertext and the messages of its handshakes: it never gets a key or a setup
// code.
//
//	go run ./web/agent
//
// It prints the address to open. docs/agent.md has the flags, and what it can see.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// version is the package's: a test compares it with package.json.
const version = "0.1.0"

const (
	defaultPort = 5570
	defaultPage = "dist/page"
	// minToken is what a token that a person chose must have at least: it keeps
	// everybody else on the machine, or the network, from the devices.
	minToken = 16
	// tokenVariable gives the token where a command line is seen by all users.
	tokenVariable = "MATTER_AGENT_TOKEN"
)

// settings are the flags, checked.
type settings struct {
	listen     []string // hosts
	port       int
	page       string // a directory, or empty: no page
	token      string
	made       bool // the token is ours, so that it must be printed
	origins    []string
	hosts      []string
	named      []named
	interfaces []string
	verbose    bool
}

// texts is a flag that may be given more than once.
type texts []string

func (t *texts) String() string     { return strings.Join(*t, " ") }
func (t *texts) Set(s string) error { *t = append(*t, s); return nil }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends it at once
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "agent: "+err.Error())
		os.Exit(1)
	}
}

// run is the program: until ctx ends, or with an error that its user must mend.
func run(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	set, err := parse(args, env, stderr)
	if err != nil {
		return err
	}
	files, err := openPage(set.page)
	if err != nil {
		return err
	}
	defer files.close()
	listeners, err := listen(ctx, set)
	if err != nil {
		return err
	}
	a := newAgent(set, files, stderr)
	defer a.close()

	server := &http.Server{
		// Of no effect on a WebSocket: its deadlines are the session's.
		Handler: a, ReadTimeout: 10 * time.Second, WriteTimeout: 2 * time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: a.quiet(),
	}
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { failed <- server.Serve(limited(l)) }()
	}
	announce(stdout, stderr, set, listeners)
	select {
	case err = <-failed:
	case <-ctx.Done():
		err = nil
	}
	a.log("stopping")
	a.close()
	server.Close()
	return err
}

func parse(args []string, env func(string) string, stderr io.Writer) (settings, error) {
	var set settings
	var hosts, origins, extra, allow, interfaces texts
	flags := flag.NewFlagSet("agent", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Var(&hosts, "listen", "`ADDRESS` to listen on, without port; may be given more than once (default 127.0.0.1 and ::1)")
	flags.IntVar(&set.port, "port", defaultPort, "`PORT` to listen on; 0: any that is free")
	flags.StringVar(&set.page, "page", defaultPage, "`DIRECTORY` of the page to serve; none: no page, only the relay")
	flags.StringVar(&set.token, "token", "", "`TOKEN` that a page must have, of at least 16 characters; also by "+tokenVariable+" (default a new one at each start)")
	flags.Var(&origins, "origin", "`ORIGIN` of other pages that may use the agent, as in https://home.example; may be given more than once")
	flags.Var(&extra, "host", "`NAME` by which pages may call the agent, when something stands in front of it; may be given more than once")
	flags.Var(&allow, "allow", "`ADDRESS` of a device, with or without port, or a network as in 192.168.1.0/24, that need not be discovered; may be given more than once")
	flags.Var(&interfaces, "interface", "network interface by `NAME` to look for devices on; may be given more than once (default all)")
	flags.BoolVar(&set.verbose, "verbose", false, "log each channel and search, with addresses")
	if err := flags.Parse(args); err != nil {
		return set, err
	}
	if flags.NArg() > 0 {
		return set, fmt.Errorf("%q is no flag: -help lists them", flags.Arg(0))
	}
	if set.port < 0 || set.port > 65535 {
		return set, fmt.Errorf("%d is no port", set.port)
	}
	if set.page == "none" {
		set.page = ""
	}
	set.listen, set.interfaces = hosts, interfaces
	return set, errors.Join(set.setToken(env), set.setOrigins(origins), set.setHosts(extra), set.setNamed(allow), set.checkInterfaces())
}

func (set *settings) setToken(env func(string) string) error {
	if set.token == "" {
		set.token = env(tokenVariable)
	}
	if set.token == "" {
		set.token, set.made = rand.Text(), true // 130 bits
		return nil
	}
	if len(set.token) < minToken {
		return fmt.Errorf("a token has at least %d characters", minToken)
	}
	// It travels as a WebSocket subprotocol, and in a URL's fragment.
	for _, c := range set.token {
		if !strings.ContainsRune("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~", c) {
			return errors.New("a token has letters, digits, - . _ and ~ only")
		}
	}
	return nil
}

func (set *settings) setOrigins(origins []string) error {
	for _, text := range origins {
		u, err := url.Parse(text)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
			return fmt.Errorf("%q is no origin: give SCHEME://HOST or SCHEME://HOST:PORT", text)
		}
		set.origins = append(set.origins, strings.ToLower(u.Scheme+"://"+u.Host))
	}
	return nil
}

func (set *settings) setHosts(names []string) error {
	for _, name := range names {
		if name == "" || strings.ContainsAny(name, "/:@ ") {
			return fmt.Errorf("%q is no host name: give it without scheme and port", name)
		}
		set.hosts = append(set.hosts, strings.ToLower(name))
	}
	for _, name := range set.listen {
		if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err != nil {
			set.hosts = append(set.hosts, strings.ToLower(name))
		}
	}
	return nil
}

func (set *settings) setNamed(addresses []string) error {
	for _, text := range addresses {
		n, err := parseNamed(text)
		if err != nil {
			return err
		}
		set.named = append(set.named, n)
	}
	return nil
}

func (set *settings) checkInterfaces() error {
	for _, name := range set.interfaces {
		if _, err := net.InterfaceByName(name); err != nil {
			return fmt.Errorf("there is no network interface %q", name)
		}
	}
	return nil
}

// listen binds every address that was given. By default it is both loopback
// addresses, and one of them is enough.
func listen(ctx context.Context, set settings) (listeners []net.Listener, err error) {
	hosts, all := set.listen, true
	if len(hosts) == 0 {
		hosts, all = []string{"127.0.0.1", "::1"}, false
	}
	port := set.port
	for _, host := range hosts {
		l, failed := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(port)))
		if failed != nil {
			err = errors.Join(err, listenError(host, port, failed))
			if all || errors.Is(failed, syscall.EADDRINUSE) {
				break
			}
			continue
		}
		listeners = append(listeners, l)
		port = l.Addr().(*net.TCPAddr).Port // one port for all, also when the system chose it
	}
	if len(listeners) > 0 && !(err != nil && all) && !errors.Is(err, syscall.EADDRINUSE) {
		return listeners, nil
	}
	for _, l := range listeners {
		l.Close()
	}
	return nil, err
}

func listenError(host string, port int, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d of %s is taken, perhaps by another agent: choose one with -port (0: any that is free): %w", port, host, err)
	}
	return fmt.Errorf("cannot listen on %s: %w", host, err)
}

// announce prints what to open. The token is in the fragment, which no browser
// sends to any server.
func announce(stdout, stderr io.Writer, set settings, listeners []net.Listener) {
	host := listeners[0].Addr().(*net.TCPAddr)
	address := "http://" + host.String() + "/"
	if host.IP.IsUnspecified() {
		address = "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(host.Port)) + "/"
	}
	if set.made {
		address += "#token=" + set.token
	}
	fmt.Fprintln(stdout, address)
	for _, l := range listeners {
		if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
			fmt.Fprintln(stderr, "agent: it can be reached from the network, without encryption: whoever has the token has your devices' addresses, and whoever listens has the token. See docs/agent.md.")
			break
		}
	}
}
