package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/nsynapse/recipe/registry/ledger"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/trust"
)

// Files are the archives of a version, packed and not published yet: paths by platform, as in Manifest.Archives.
type Files map[string]string

// ErrPublished says that a version is there already with other content.
var ErrPublished = errors.New("a published version never changes; raise the version and publish that")

// Attachment is something small that is published beside a version: a referrer of its index.
type Attachment struct {
	ArtifactType, MediaType string
	Content                 []byte
}

// Publish signs the manifest and puts the version into the registry. It appears at once, when all of it is there. The
// error is ErrPublished when another of that version is there, or came first; publishing the same again is no error.
func (c *Client) Publish(ctx context.Context, m *Manifest, files Files, by *trust.Signer, beside []Attachment) (digest.Digest, error) {
	if namespace := Namespace(m.Name); namespace != by.Namespace() {
		return "", fmt.Errorf("the key of %s cannot sign %s", by.Namespace(), m.Name)
	}
	if m.Name == ledger.Repository {
		return "", fmt.Errorf("%s is the log of a registry and no name for a package", m.Name)
	}
	r, err := c.registry.Repository(m.Name)
	if err != nil {
		return "", err
	}
	p, err := prepare(m, by)
	if err == nil {
		err = p.attach(beside)
	}
	if err != nil {
		return "", err
	}
	if err := p.free(ctx, r); err != nil {
		return "", err
	}
	if err := p.push(ctx, r, files); err != nil {
		return "", fmt.Errorf("cannot publish %s %s: %w", m.Name, m.Version, err)
	}
	return p.index.Digest, c.show(ctx, r, p, by)
}

// show makes a publication visible, when the log has it. Of two who publish the same version the log knows who was first.
func (c *Client) show(ctx context.Context, r oci.Repository, p *publication, by *trust.Signer) error {
	tag := tagOf(p.manifest.Version.String())
	l, err := c.record(ctx, p.manifest.Name, tag, p.index.Digest, by)
	if err != nil {
		return err
	}
	if first := l.First(p.manifest.Name, tag); first != "" && first != p.index.Digest {
		return p.published()
	}
	err = r.Tag(ctx, p.index.Descriptor, p.index.content, tag, false)
	if errors.Is(err, oci.ErrTaken) {
		return p.published()
	}
	if err != nil {
		return err
	}
	return c.stays(ctx, l, ledger.Record{Repository: p.manifest.Name, Tag: tag, Digest: p.index.Digest}, by)
}

// object is something small to be pushed.
type object struct {
	v1.Descriptor
	content []byte
}

func describe(mediaType string, v any) (object, error) {
	content, ok := v.([]byte)
	if !ok {
		var err error
		if content, err = json.Marshal(v); err != nil {
			return object{}, err
		}
	}
	return object{oci.Describe(mediaType, content), content}, nil
}

// publication is all of a version that is being published.
type publication struct {
	manifest *Manifest
	objects  []object // manifests in the order in which they are pushed: what is named comes before what names it
	index    object
}

func prepare(m *Manifest, by *trust.Signer) (*publication, error) {
	text, err := m.text()
	if err != nil {
		return nil, err
	}
	config, keys, err := sign(text, manifestType, by)
	if err != nil {
		return nil, err
	}
	p := &publication{manifest: m, objects: []object{config, keys}}
	beside := []v1.Descriptor{keys.Descriptor}
	if m.Plugin != nil {
		p.objects = append(p.objects, object{m.Plugin.descriptor(), m.Plugin.text})
		beside = append(beside, m.Plugin.descriptor())
	}
	index := v1.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageIndex, ArtifactType: PackageType,
		Annotations: map[string]string{v1.AnnotationTitle: m.Name, v1.AnnotationVersion: m.Version.String(), v1.AnnotationDescription: m.Description}}
	for _, a := range m.Archives {
		layer := v1.Descriptor{MediaType: archiveType, Digest: a.Digest, Size: a.Size}
		image, err := describe(v1.MediaTypeImageManifest, imageOf(PackageType, config, append([]v1.Descriptor{layer}, beside...)...))
		if err != nil {
			return nil, err
		}
		p.objects = append(p.objects, image)
		d := image.Descriptor
		d.ArtifactType, d.Platform = PackageType, platformOf(a.Platform)
		index.Manifests = append(index.Manifests, d)
	}
	p.index, err = describe(v1.MediaTypeImageIndex, index)
	return p, err
}

// attach adds referrers of the index. They come before it, so that whoever sees the version sees them.
func (p *publication) attach(beside []Attachment) error {
	empty := object{v1.DescriptorEmptyJSON, v1.DescriptorEmptyJSON.Data}
	empty.Data = nil
	for _, a := range beside {
		layer, _ := describe(a.MediaType, a.Content) // bytes need no encoding
		image := imageOf(a.ArtifactType, empty, layer.Descriptor)
		subject := p.index.Descriptor
		image.Subject = &subject
		referrer, err := describe(v1.MediaTypeImageManifest, image)
		if err != nil {
			return err
		}
		p.objects = append(p.objects, empty, layer, referrer)
	}
	return nil
}

// sign returns a signed text and the keys to verify it by.
func sign(text, mediaType string, by *trust.Signer) (config, keys object, err error) {
	signed, err := by.Sign(text)
	if err != nil {
		return config, keys, err
	}
	if len(signed) > trust.MaxNote {
		return config, keys, fmt.Errorf("the manifest has %d bytes; at most %d are read", len(signed), trust.MaxNote)
	}
	history, err := by.History.Encode()
	if err != nil {
		return config, keys, err
	}
	config, _ = describe(mediaType, signed) // bytes need no encoding
	keys, _ = describe(keysType, history)
	return config, keys, nil
}

func imageOf(artifact string, config object, layers ...v1.Descriptor) v1.Manifest {
	return v1.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageManifest,
		ArtifactType: artifact, Config: config.Descriptor, Layers: layers}
}

func platformOf(name string) *v1.Platform {
	system, architecture, ok := strings.Cut(name, "/")
	if !ok {
		return nil
	}
	return &v1.Platform{OS: system, Architecture: architecture}
}

// free looks before anything is sent.
func (p *publication) free(ctx context.Context, r oci.Repository) error {
	d, err := r.Resolve(ctx, tagOf(p.manifest.Version.String()))
	if err == nil && d.Digest != p.index.Digest {
		return p.published()
	}
	return nil // what is wrong with the registry shows when the first object is pushed
}

func (p *publication) published() error {
	return fmt.Errorf("%s %s is published already: %w", p.manifest.Name, p.manifest.Version, ErrPublished)
}

// pushers is how many objects are sent at a time.
const pushers = 4

// push sends first what names nothing, several at a time, then the manifests, in their order.
func (p *publication) push(ctx context.Context, r oci.Repository, files Files) error {
	group, blobs := errgroup.WithContext(ctx)
	group.SetLimit(pushers)
	for _, a := range p.manifest.Archives {
		group.Go(func() error { return r.PushFile(blobs, a.descriptor(), files[a.Platform]) })
	}
	var manifests []object
	sent := map[digest.Digest]bool{}
	for _, o := range p.objects {
		switch {
		case o.MediaType == v1.MediaTypeImageManifest:
			manifests = append(manifests, o)
		case !sent[o.Digest]: // some have the same content, such as the empty one
			sent[o.Digest] = true
			group.Go(func() error { return r.Push(blobs, o.Descriptor, o.content) })
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, o := range manifests {
		if err := r.Push(ctx, o.Descriptor, o.content); err != nil {
			return err
		}
	}
	return nil
}
