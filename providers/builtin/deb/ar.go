package deb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// openData finds the payload of a .deb file.
func openData(r io.Reader) (io.Reader, error) { return openMember(r, "data.tar") }

// openMember finds the archive of that name in a .deb file, which is an ar archive:
//
//	"!<arch>\n"
//	for each member: name[16] time[12] owner[6] group[6] mode[8] size[10] "`\n", then its bytes, padded to an even number
//
// The first member, debian-binary, gives the version of the format; control.tar says which package it is; the payload is
// data.tar. Both are compressed or not. The
// reader of the module that others use for this takes a broken number for zero, so we read these 60 bytes ourselves.
func openMember(r io.Reader, wanted string) (io.Reader, error) {
	magic := make([]byte, 8)
	if _, err := io.ReadFull(r, magic); err != nil || string(magic) != "!<arch>\n" {
		return nil, errors.New("it is not a Debian package")
	}
	for first := true; ; first = false {
		name, size, err := nextMember(r)
		if err == io.EOF {
			return nil, fmt.Errorf("it holds no %s", wanted)
		}
		if err != nil {
			return nil, err
		}
		if first {
			version, err := io.ReadAll(io.LimitReader(r, size))
			if err != nil || name != "debian-binary" || !bytes.HasPrefix(version, []byte("2.")) {
				return nil, errors.New("it is not a Debian package of format 2")
			}
			size = size % 2
		} else if name == wanted || strings.HasPrefix(name, wanted+".") {
			return io.LimitReader(r, size), nil
		} else {
			size += size % 2
		}
		if _, err := io.CopyN(io.Discard, r, size); err != nil {
			return nil, fmt.Errorf("it ends too early: %w", err)
		}
	}
}

func nextMember(r io.Reader) (name string, size int64, err error) {
	head := make([]byte, 60)
	if _, err := io.ReadFull(r, head); err != nil {
		return "", 0, err
	}
	if string(head[58:]) != "`\n" {
		return "", 0, errors.New("it has a broken member header")
	}
	size, err = strconv.ParseInt(strings.TrimSpace(string(head[48:58])), 10, 64)
	if err != nil || size < 0 {
		return "", 0, errors.New("it has a member without a size")
	}
	return strings.TrimSuffix(strings.TrimSpace(string(head[:16])), "/"), size, nil
}
