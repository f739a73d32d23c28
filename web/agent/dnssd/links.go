package dnssd

import (
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

const port = 5353

var (
	group4 = &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: port}
	group6 = &net.UDPAddr{IP: net.ParseIP("ff02::fb"), Port: port}
)

// maxQuestions of one packet: of a size that every responder takes.
const maxQuestions = 10

// links are the sockets of all interfaces, one of each family. ask and close are
// called by one goroutine.
type links struct {
	config Config
	heard  func(message []byte, from source)

	four    *ipv4.PacketConn
	six     *ipv6.PacketConn
	joined4 map[int]bool
	joined6 map[int]bool
	reading sync.WaitGroup
}

// ask sends questions on all interfaces, those that came since the last time
// included. It returns an error if none of them took them.
func (l *links) ask(questions []dnsmessage.Question) error {
	interfaces, err := l.interfaces()
	if err != nil {
		return err
	}
	if err := l.open(); err != nil {
		return err
	}
	for packet := range slices.Chunk(questions, maxQuestions) {
		m := dnsmessage.Message{Questions: packet}
		octets, err := m.Pack()
		if err != nil {
			return err
		}
		sent := 0
		for _, i := range interfaces {
			sent += l.send(&i, octets, &err)
		}
		if sent == 0 {
			return errors.Join(errors.New("no network interface takes multicast"), err)
		}
	}
	return nil
}

// interfaces returns those to search on.
func (l *links) interfaces() ([]net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	if len(l.config.Interfaces) > 0 {
		chosen := slices.DeleteFunc(all, func(i net.Interface) bool { return !slices.Contains(l.config.Interfaces, i.Name) })
		if len(chosen) == 0 {
			return nil, errors.New("none of the interfaces that were named is there")
		}
		return chosen, nil
	}
	// A point-to-point link is a tunnel to elsewhere: there a question only tells
	// strangers what this home is looking for.
	outer := slices.DeleteFunc(slices.Clone(all), func(i net.Interface) bool {
		return i.Flags&(net.FlagUp|net.FlagMulticast) != net.FlagUp|net.FlagMulticast || i.Flags&(net.FlagLoopback|net.FlagPointToPoint) != 0
	})
	if len(outer) > 0 {
		return outer, nil
	}
	return slices.DeleteFunc(all, func(i net.Interface) bool { return i.Flags&net.FlagLoopback == 0 }), nil
}

// open binds the sockets that are not: by the port of multicast DNS, shared with
// who else has it, or where that is not shared by any, and then responders answer
// by unicast (RFC 6762 §6.7).
func (l *links) open() error {
	var err4, err6 error
	if l.four == nil {
		var c *net.UDPConn
		if c, err4 = bind("udp4", group4); err4 == nil {
			l.four, l.joined4 = ipv4.NewPacketConn(c), map[int]bool{}
			// Not on every system: then the sender's zone must do.
			_ = l.four.SetControlMessage(ipv4.FlagInterface|ipv4.FlagDst, true)
			_ = l.four.SetMulticastTTL(255)
			l.reading.Go(l.read4)
		}
	}
	if l.six == nil {
		var c *net.UDPConn
		if c, err6 = bind("udp6", group6); err6 == nil {
			l.six, l.joined6 = ipv6.NewPacketConn(c), map[int]bool{}
			_ = l.six.SetControlMessage(ipv6.FlagInterface|ipv6.FlagDst, true)
			_ = l.six.SetMulticastHopLimit(255)
			l.reading.Go(l.read6)
		}
	}
	if l.four == nil && l.six == nil {
		return errors.Join(err4, err6)
	}
	return nil
}

func bind(network string, group *net.UDPAddr) (*net.UDPConn, error) {
	if c, err := net.ListenUDP(network, group); err == nil {
		return c, nil
	}
	return net.ListenUDP(network, nil)
}

// send returns by how many families the packet went out on an interface, or sets
// err to why not by one of them.
func (l *links) send(i *net.Interface, octets []byte, err *error) (sent int) {
	if l.four != nil {
		if !l.joined4[i.Index] {
			// Joined before, or not to be: sending tells.
			_ = l.four.JoinGroup(i, group4)
			l.joined4[i.Index] = true
		}
		e := l.four.SetMulticastInterface(i)
		if e == nil {
			_, e = l.four.WriteTo(octets, nil, group4)
		}
		if e == nil {
			sent++
		} else {
			*err = e
		}
	}
	if l.six != nil {
		if !l.joined6[i.Index] {
			_ = l.six.JoinGroup(i, group6)
			l.joined6[i.Index] = true
		}
		e := l.six.SetMulticastInterface(i)
		if e == nil {
			_, e = l.six.WriteTo(octets, nil, group6)
		}
		if e == nil {
			sent++
		} else {
			*err = e
		}
	}
	return sent
}

func (l *links) read4() {
	buffer := make([]byte, maxMessage+1)
	for {
		n, control, from, err := l.four.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(tick) // an interface that went: the socket outlives it
			continue
		}
		if control == nil {
			control = &ipv4.ControlMessage{}
		}
		l.receive(buffer[:n], from, control.IfIndex, control.Dst)
	}
}

func (l *links) read6() {
	buffer := make([]byte, maxMessage+1)
	for {
		n, control, from, err := l.six.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(tick) // an interface that went: the socket outlives it
			continue
		}
		if control == nil {
			control = &ipv6.ControlMessage{}
		}
		l.receive(buffer[:n], from, control.IfIndex, control.Dst)
	}
}

// receive passes on what may be an answer of this link: sent by the port of
// multicast DNS (RFC 6762 §6), and to the group, unless it comes from an address
// that no router carries here (§11).
func (l *links) receive(message []byte, from net.Addr, index int, destination net.IP) {
	sender, ok := from.(*net.UDPAddr)
	if !ok || sender.Port != port {
		return
	}
	ip := sender.AddrPort().Addr().Unmap()
	if !destination.IsMulticast() && !ip.IsPrivate() && !ip.IsLinkLocalUnicast() && !ip.IsLoopback() {
		return
	}
	s := source{sender: ip.WithZone(""), zone: sender.Zone, loopback: ip.IsLoopback()}
	if i, err := net.InterfaceByIndex(index); index != 0 && err == nil {
		s.zone, s.loopback = i.Name, i.Flags&net.FlagLoopback != 0
	}
	l.heard(message, s)
}

func (l *links) close() {
	if l.four != nil {
		l.four.Close()
	}
	if l.six != nil {
		l.six.Close()
	}
	l.reading.Wait()
}
