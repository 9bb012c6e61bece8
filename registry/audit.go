package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/nsynapse/recipe/registry/ledger"
	"github.com/nsynapse/recipe/registry/oci"
)

// Audit is what was found when a registry was held against its log.
type Audit struct {
	Registry string   `json:"registry"`
	Head     string   `json:"head"` // as ledger.ParseHead reads it
	Key      string   `json:"key"`  // who signed the head
	Kept     bool     `json:"kept"` // a server keeps the log, and nobody else can write it
	Problems []string `json:"problems"`
}

// Audit holds all that a registry shows against its log, and the log against a head that somebody else saw, which may
// be the zero value. Nothing needs to be trusted for that.
func (c *Client) Audit(ctx context.Context, other ledger.Head) (*Audit, error) {
	l, err := c.Log(ctx)
	if err != nil {
		return nil, err
	}
	a := &Audit{Registry: c.registry.String(), Head: l.Head.String(), Key: l.Head.Key, Kept: ledger.KeptByServer(l.Head.Key), Problems: []string{}}
	if err := l.Extends(other); err != nil {
		a.Problems = append(a.Problems, err.Error())
	}
	for _, check := range []func(context.Context, *ledger.Log) ([]string, error){c.auditRecords, c.auditTags} {
		problems, err := check(ctx, l)
		if err != nil {
			return nil, err
		}
		a.Problems = append(a.Problems, problems...)
	}
	return a, nil
}

// auditRecords looks whether the registry shows all that its log has.
func (c *Client) auditRecords(ctx context.Context, l *ledger.Log) (problems []string, err error) {
	looked := map[ledger.Record]bool{}
	for _, record := range l.Records {
		wanted := record
		wanted.Digest = l.Last(record.Repository, record.Tag)
		if _, fixed := versionOf(record.Tag); fixed {
			wanted.Digest = l.First(record.Repository, record.Tag)
			if record.Digest != wanted.Digest {
				problems = append(problems, fmt.Sprintf("%s %s is in the log twice, as %s and as %s", record.Repository, record.Tag, wanted.Digest, record.Digest))
			}
		}
		if looked[wanted] {
			continue
		}
		looked[wanted] = true
		problem, err := c.auditRecord(ctx, wanted)
		if err != nil {
			return nil, err
		}
		problems = append(problems, problem...)
	}
	return problems, nil
}

func (c *Client) auditRecord(ctx context.Context, wanted ledger.Record) (problem []string, err error) {
	r, err := c.registry.Repository(wanted.Repository)
	if err != nil {
		return nil, err
	}
	d, err := r.Resolve(ctx, wanted.Tag)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []string{fmt.Sprintf("%s %s is in the log and not shown", wanted.Repository, wanted.Tag)}, nil
	case err == nil && d.Digest != wanted.Digest:
		return []string{fmt.Sprintf("%s %s is shown as %s, and the log has %s", wanted.Repository, wanted.Tag, d.Digest, wanted.Digest)}, nil
	}
	return nil, err
}

// auditTags looks whether the log has all that the registry shows. Of one that lists nothing that cannot be said.
func (c *Client) auditTags(ctx context.Context, l *ledger.Log) (problems []string, err error) {
	names, err := c.registry.Names(ctx)
	if errors.Is(err, oci.ErrNoList) {
		return nil, nil
	}
	for _, name := range names {
		r, err := c.registry.Repository(name)
		if err != nil {
			return nil, err
		}
		tags, err := r.Tags(ctx)
		if err != nil {
			return nil, err
		}
		for _, tag := range tags {
			if _, ok := versionOf(tag); ok && l.First(name, tag) == "" {
				problems = append(problems, fmt.Sprintf("%s %s is shown and not in the log", name, tag))
			}
		}
	}
	return problems, err
}
