package registry

import (
	"context"
	"fmt"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/nsynapse/recipe/registry/ledger"
	"github.com/nsynapse/recipe/registry/trust"
)

// Mark changes the status of a version that was published. The keyring has to trust the publisher, since what is there
// is verified first.
func (c *Client) Mark(ctx context.Context, name, version string, state State, reason string, by *trust.Signer) error {
	release, _, err := c.verify(ctx, name, version) // without the log: this may be to set it right
	if err == nil {
		err = c.reader.Memory.same(release)
	}
	if err != nil {
		return err
	}
	if release.Signer.Namespace() != by.Namespace() {
		return fmt.Errorf("the key of %s cannot speak for %s", by.Namespace(), name)
	}
	release.Status = Status{Name: name, Version: release.Version, State: state, Reason: reason, Number: release.Status.Number + 1}
	text, err := signable(statusHead, release.Status)
	if err != nil {
		return err
	}
	config, keys, err := sign(text, statusNoteType, by)
	if err != nil {
		return err
	}
	image, err := describe(v1.MediaTypeImageManifest, imageOf(StatusType, config, keys.Descriptor))
	if err != nil {
		return err
	}
	r, err := c.registry.Repository(name)
	if err != nil {
		return err
	}
	for _, o := range []object{config, keys} {
		if err := r.Push(ctx, o.Descriptor, o.content); err != nil {
			return err
		}
	}
	tag := statusTag + tagOf(version)
	l, err := c.record(ctx, name, tag, image.Digest, by)
	if err != nil {
		return err
	}
	if err := r.Tag(ctx, image.Descriptor, image.content, tag, true); err != nil {
		return err
	}
	if err := c.stays(ctx, l, ledger.Record{Repository: name, Tag: tag, Digest: image.Digest}, by); err != nil {
		return err
	}
	return c.reader.Memory.saw(ctx, release)
}
