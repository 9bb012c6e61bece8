package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"

	godbus "github.com/godbus/dbus/v5"
)

// peer is one end of a connection of D-Bus, after both have said who they are. godbus is a client alone, so this has what a server
// needs: the D-Bus specification, "Authentication Protocol" and "Message Format".
type peer struct {
	net.Conn
	from *bufio.Reader
}

// frame is a message as it is on the wire, and what it means.
type frame struct {
	bytes []byte
	*godbus.Message
}

// accept answers a client that authenticates itself as the user of this process.
func accept(c net.Conn) (peer, error) {
	p := peer{c, bufio.NewReader(c)}
	if _, err := p.from.ReadByte(); err != nil { // the client begins with a zero
		return p, err
	}
	for {
		line, err := p.from.ReadString('\n')
		if err != nil {
			return p, err
		}
		answer := "ERROR"
		switch words := strings.Fields(line); {
		case len(words) == 0:
		case words[0] == "BEGIN":
			return p, nil
		case words[0] == "AUTH" && len(words) == 2 && words[1] == "EXTERNAL":
			answer = "DATA"
		case words[0] == "DATA", len(words) == 3 && words[0] == "AUTH" && words[1] == "EXTERNAL": // its user's number; the kernel has let it open the socket
			answer = "OK " + strings.Repeat("0", 32)
		case words[0] == "AUTH":
			answer = "REJECTED EXTERNAL"
		}
		if _, err := io.WriteString(c, answer+"\r\n"); err != nil {
			return p, err
		}
	}
}

// dial connects to a server.
func dial(socket string) (peer, error) {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return peer{}, err
	}
	p := peer{c, bufio.NewReader(c)}
	if _, err := fmt.Fprintf(c, "\x00AUTH EXTERNAL %s\r\n", hex.EncodeToString([]byte(strconv.Itoa(os.Getuid())))); err != nil {
		return p, errors.Join(err, c.Close())
	}
	line, err := p.from.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "OK ") {
		return p, errors.Join(fmt.Errorf("it answers %q", line), err, c.Close())
	}
	_, err = io.WriteString(c, "BEGIN\r\n")
	return p, err
}

// read returns the next message.
func (p peer) read() (frame, error) {
	head, err := p.from.Peek(16)
	if err != nil {
		return frame{}, err
	}
	var order binary.ByteOrder = binary.LittleEndian
	if head[0] == 'B' {
		order = binary.BigEndian
	}
	body, fields := order.Uint32(head[4:]), order.Uint32(head[12:])
	all := make([]byte, 16+int(fields+7)/8*8+int(body))
	if _, err := io.ReadFull(p.from, all); err != nil {
		return frame{}, err
	}
	m, err := godbus.DecodeMessage(bytes.NewReader(all))
	return frame{all, m}, err
}

// send sends a message of the server's own; no two at a time.
func (p peer) send(serial uint32, m *godbus.Message) error {
	if len(m.Body) > 0 {
		m.Headers[godbus.FieldSignature] = godbus.MakeVariant(godbus.SignatureOf(m.Body...))
	}
	var text bytes.Buffer
	if err := m.EncodeTo(&text, binary.LittleEndian); err != nil {
		return err
	}
	binary.LittleEndian.PutUint32(text.Bytes()[8:], serial) // godbus has no way to say it
	_, err := p.Write(text.Bytes())
	return err
}

func header(f *godbus.Message, field godbus.HeaderField) string {
	switch v := f.Headers[field].Value().(type) {
	case string:
		return v
	case godbus.ObjectPath:
		return string(v)
	}
	return ""
}

// member is the method or signal of a message: org.freedesktop.systemd1.Manager.StopUnit.
func member(f *godbus.Message) string {
	return header(f, godbus.FieldInterface) + "." + header(f, godbus.FieldMember)
}
