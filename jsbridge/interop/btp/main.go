//go:build !js

// Program btp is one side of a BTP connection whose GATT is its standard input
// and output, for tests against another engine. A frame is a letter, a length (u16 LE) and octets:
//
//	in:  S a segment from the peer   W the write of the last segment ended   M a message to send
//	out: S a segment to write        M a message from the peer               O open: segment size u16 LE, window
//	     E an error, as text; then the program ends
package main

import (
	"bufio"
	"encoding/binary"
	"flag"
	"io"
	"log"
	"os"
	"time"

	"github.com/matter-session/matter-session/web/transport/btp"
)

type frame struct {
	kind   byte
	octets []byte
}

func main() {
	log.SetFlags(0)
	peripheral := flag.Bool("peripheral", false, "be the device")
	segmentSize := flag.Int("segment", 0, "greatest segment size")
	mtu := flag.Int("mtu", 0, "ATT_MTU of the link")
	window := flag.Int("window", 0, "window")
	flag.Parse()
	cfg := btp.Config{SegmentSize: *segmentSize, MTU: *mtu, Window: *window, MaxQueue: 1000}
	if *peripheral {
		cfg.Role = btp.Peripheral
	}
	conn, err := btp.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	frames := make(chan frame)
	go read(os.Stdin, frames)
	run(conn, frames)
}

func read(r io.Reader, frames chan<- frame) {
	defer close(frames)
	in := bufio.NewReader(r)
	for {
		var head [3]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		f := frame{kind: head[0], octets: make([]byte, binary.LittleEndian.Uint16(head[1:]))}
		if _, err := io.ReadFull(in, f.octets); err != nil {
			return
		}
		frames <- f
	}
}

func write(kind byte, octets []byte) {
	b := binary.LittleEndian.AppendUint16([]byte{kind}, uint16(len(octets)))
	if _, err := os.Stdout.Write(append(b, octets...)); err != nil {
		log.Fatal(err)
	}
}

func run(conn *btp.Conn, frames <-chan frame) {
	start := time.Now()
	now := func() btp.Instant { return btp.Instant(time.Since(start).Milliseconds()) }
	conn.Start(now())
	timer := time.NewTimer(0)
	for opened := false; ; {
		out := conn.Output()
		if out.Segment != nil {
			write('S', out.Segment)
		}
		for _, m := range out.Messages {
			write('M', m)
		}
		if !opened && conn.Open() {
			opened = true
			write('O', []byte{byte(conn.SegmentSize()), byte(conn.SegmentSize() >> 8), byte(conn.Window())})
		}
		if out.Err != nil {
			write('E', []byte(out.Err.Error()))
			return
		}
		wait := time.Hour
		if out.HasDeadline {
			wait = time.Duration(out.Deadline-now()) * time.Millisecond
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
			conn.Tick(now())
		case f, ok := <-frames:
			switch {
			case !ok:
				conn.Lost(now())
			case f.kind == 'S':
				conn.Receive(now(), f.octets)
			case f.kind == 'W':
				conn.Written(now())
			case f.kind == 'M':
				if err := conn.Send(now(), f.octets); err != nil {
					log.Fatal(err)
				}
			}
		}
	}
}
