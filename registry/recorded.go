package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/opencontainers/go-digest"

	"github.com/nsynapse/recipe/registry/ledger"
	"github.com/nsynapse/recipe/registry/oci"
)

// Unlogged says that a registry shows something that its log does not answer for.
type Unlogged struct{ What string }

func (u *Unlogged) Error() string {
	return u.What + ": what a registry keeps out of its log it can show to you alone. What was copied there its publisher has to publish there once more, unchanged; else tell its operator, and compare with others: recipe registry audit"
}

// readings is how often the log is read while others see more of it.
const readings = 10

// Log returns the log of the registry as it is now: it goes on from the one that was seen before. The error is a
// *Changed when it does not. A registry that never had one has an empty one.
func (c *Client) Log(ctx context.Context) (*ledger.Log, error) {
	c.logging.Lock()
	defer c.logging.Unlock()
	return c.readLog(ctx)
}

// readLog reads the log. Another process may see more of it meanwhile, so what is too short is read again: one that was
// seen is always found.
func (c *Client) readLog(ctx context.Context) (*ledger.Log, error) {
	for range readings {
		seen, err := c.reader.Memory.head(c.registry.String())
		if err != nil {
			return nil, err
		}
		l, err := ledger.Load(ctx, c.registry, seen.Size)
		if err != nil {
			return nil, err
		}
		stale, err := c.reader.Memory.sawHead(ctx, c.registry.String(), seen, l)
		if err != nil {
			return nil, err
		}
		if !stale {
			c.log = l
			return l, nil
		}
	}
	return nil, fmt.Errorf("the log of %s grows faster than it can be read", c.registry)
}

// knownLog is the log as it was read last, or read now if it never was.
func (c *Client) knownLog(ctx context.Context) (*ledger.Log, error) {
	c.logging.Lock()
	defer c.logging.Unlock()
	if c.log != nil {
		return c.log, nil
	}
	return c.readLog(ctx)
}

// recorded demands that the log answers for a release and for its status, whose manifest has the digest; "" for none.
func (c *Client) recorded(ctx context.Context, r *Release, status digest.Digest) error {
	l, err := c.knownLog(ctx)
	if err != nil {
		return err
	}
	if answersFor(l, r, status) == nil {
		return nil
	}
	if l, err = c.Log(ctx); err != nil { // it may have been published since
		return err
	}
	return answersFor(l, r, status)
}

func answersFor(l *ledger.Log, r *Release, status digest.Digest) error {
	if l.Head.Size == 0 {
		return nil
	}
	version := r.Version.String()
	switch first, last := l.First(r.Name, tagOf(version)), l.Last(r.Name, statusTag+tagOf(version)); {
	case first == "":
		return &Unlogged{"it is not in the log of the registry"}
	case first != r.Digest:
		return &Unlogged{fmt.Sprintf("the log of the registry has it as %s, and it is %s", first, r.Digest)}
	case last != status:
		return &Unlogged{fmt.Sprintf("the log of the registry has another status of it, %s", orNone(last))}
	}
	return nil
}

func orNone(d digest.Digest) string {
	if d == "" {
		return "none"
	}
	return d.String()
}

// record appends to the log before a tag is put, so that whoever sees the tag finds it there, and returns the log. A
// server does that itself. The log has to go on from the one that this publisher saw.
func (c *Client) record(ctx context.Context, name, tag string, d digest.Digest, by ledger.Signer) (*ledger.Log, error) {
	old, err := c.Log(ctx)
	if err != nil {
		return nil, err
	}
	_, err = ledger.Append(ctx, c.registry, ledger.Record{Repository: name, Tag: tag, Digest: d}, by)
	switch {
	case errors.Is(err, ledger.ErrKept), errors.Is(err, oci.ErrDenied) && old.Head.Size == 0:
		return old, nil // the server appends, or there is no log and this publisher may not begin one
	case err != nil:
		return nil, fmt.Errorf("cannot write the log of %s: %w", c.registry, err)
	}
	return c.Log(ctx)
}

// stays looks whether a log that was written still has the record. In a registry that lets tags be replaced, somebody who wrote it at
// the same moment may have left it out: it is recorded again, and the publisher is told when that cannot be.
func (c *Client) stays(ctx context.Context, l *ledger.Log, record ledger.Record, by ledger.Signer) error {
	if l.Head.Size == 0 || ledger.KeptByServer(l.Head.Key) {
		return nil
	}
	for range readings {
		now, err := c.Log(ctx)
		if err == nil && now.Last(record.Repository, record.Tag) == record.Digest {
			return nil
		}
		if err == nil {
			_, err = c.record(ctx, record.Repository, record.Tag, record.Digest, by)
		}
		if err != nil {
			return fmt.Errorf("%s of %s is not in the log of the registry any more, which somebody else may have written at the same moment; do it again: %w", record.Tag, record.Repository, err)
		}
	}
	return fmt.Errorf("%s of %s does not stay in the log of %s, since others write it all the time; do it again later", record.Tag, record.Repository, c.registry)
}
