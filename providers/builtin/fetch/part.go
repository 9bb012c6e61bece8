package fetch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"os"
)

// part is the file that a download grows in.
type part struct {
	path    string
	file    *os.File
	sum     hash.Hash // over the first size bytes
	size    int64
	whole   int64 // size of the whole file, as whoever sends it says, for progress only; 0 if nobody does
	origin  origin
	resumed bool // it holds bytes of more than one attempt
}

// origin tells where the bytes of a part came from.
type origin struct {
	URL       string
	Validator string // a strong ETag or a modification time; "" when the server gave none
}

// openPart opens the part and reads what is in it, or begins it anew when its bytes cannot belong to the file.
func openPart(path string, r Request, url string) (*part, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	p := &part{path: path, file: file, sum: sha256.New()}
	if text, err := os.ReadFile(p.originPath()); err == nil {
		// A torn note reads as none, and then the part is begun anew unless the digest tells.
		_ = json.Unmarshal(text, &p.origin)
	}
	same := p.origin.URL == url && p.origin.Validator != ""
	if r.SHA256 == "" && !same {
		return p, p.restart()
	}
	if p.size, err = io.Copy(p.sum, file); err != nil {
		return p, err
	}
	if p.size > r.limit() {
		return p, p.restart()
	}
	p.resumed = p.size > 0
	return p, nil
}

func (p *part) originPath() string { return p.path + ".origin" }

// note records where the bytes that come now are from.
func (p *part) note(o origin) error {
	if o == p.origin {
		return nil
	}
	p.origin = o
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return os.WriteFile(p.originPath(), text, 0o644)
}

func (p *part) restart() error {
	p.sum.Reset()
	p.size, p.resumed = 0, false
	if err := p.file.Truncate(0); err != nil {
		return err
	}
	_, err := p.file.Seek(0, io.SeekStart)
	return err
}

func (p *part) write(b []byte) error {
	n, err := p.file.Write(b)
	p.sum.Write(b[:n])
	p.size += int64(n)
	return err
}

func (p *part) digest() string { return hex.EncodeToString(p.sum.Sum(nil)) }

func (p *part) discard() error {
	os.Remove(p.originPath())
	return errors.Join(p.restart(), p.file.Close(), os.Remove(p.path))
}
