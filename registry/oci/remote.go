package oci

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/errcode"
	"oras.land/oras-go/v2/registry/remote/retry"
)

// maxPages bounds how many pages of tags or names a registry may send.
const maxPages = 1000

// remoteRegistry is one that is reached over the network.
type remoteRegistry struct {
	address string
	host    string
	prefix  string // without slashes around it
	plain   bool
	client  *auth.Client

	patience time.Duration
	config   error                  // why Docker's configuration cannot be read; nil if it can
	user     atomic.Pointer[string] // whose password was sent; nil for nobody's
}

func newRemote(u *url.URL, plain bool, o Options) (Registry, error) {
	r := &remoteRegistry{address: strings.TrimSuffix(u.String(), "/"), host: u.Host, prefix: strings.Trim(u.Path, "/"), plain: plain}
	if r.patience = o.Patience; r.patience == 0 {
		r.patience = 30 * time.Second
	}
	r.client = &auth.Client{Client: &http.Client{Transport: transport(o)}, Cache: auth.NewCache()}
	r.client.SetUserAgent("recipe")
	// A configuration that cannot be read matters only to a registry that asks for a password.
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if r.config = err; err == nil {
		r.client.Credential = r.remember(credentials.Credential(store))
	}
	return r, nil
}

// remember keeps the name of the user whose password is sent, to tell whom the registry turns away.
func (r *remoteRegistry) remember(look auth.CredentialFunc) auth.CredentialFunc {
	return func(ctx context.Context, host string) (auth.Credential, error) {
		c, err := look(ctx, host)
		if err == nil && c.Username != "" {
			r.user.Store(&c.Username)
		}
		return c, err
	}
}

func transport(o Options) http.RoundTripper {
	if o.Retries < 0 {
		return o.Transport
	}
	retries := o.Retries
	if retries == 0 {
		retries = 3
	}
	t := retry.NewTransport(o.Transport)
	t.Policy = func() retry.Policy {
		return &retry.GenericPolicy{Retryable: retry.DefaultPredicate, Backoff: retry.DefaultBackoff,
			MinWait: 200 * time.Millisecond, MaxWait: 3 * time.Second, MaxRetry: retries}
	}
	return t
}

func (r *remoteRegistry) String() string { return r.address }

func (r *remoteRegistry) Names(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	registry, err := remote.NewRegistry(r.host)
	if err != nil {
		return nil, wrongAddress(r.address)
	}
	registry.Client, registry.PlainHTTP = r.client, r.plain
	var names []string
	pages := 0
	err = registry.Repositories(ctx, "", func(page []string) error {
		for _, name := range page {
			if inner, ok := strings.CutPrefix(name, r.inside("")); ok {
				names = append(names, inner)
			}
		}
		return bounded(&pages)
	})
	if code := statusOf(err); code == http.StatusNotFound || code == http.StatusMethodNotAllowed {
		return nil, ErrNoList
	}
	return names, r.explain(err)
}

func bounded(pages *int) error {
	if *pages++; *pages > maxPages {
		return fmt.Errorf("the registry sends more than %d pages", maxPages)
	}
	return nil
}

// inside is the full name of a repository below the prefix.
func (r *remoteRegistry) inside(name string) string {
	if r.prefix == "" {
		return name
	}
	return r.prefix + "/" + name
}

func (r *remoteRegistry) Repository(name string) (Repository, error) {
	repository, err := remote.NewRepository(path.Join(r.host, r.inside(name)))
	if err != nil {
		return nil, fmt.Errorf("%s cannot hold a repository %q: %w", r, name, err)
	}
	repository.Client, repository.PlainHTTP = r.client, r.plain
	repository.TagListMaxPages, repository.ReferrerListMaxPages = maxPages, maxPages
	repository.SkipReferrersGC = true // it would have to delete, which few may
	return &remoteRepository{registry: r, inner: repository}, nil
}

type remoteRepository struct {
	registry *remoteRegistry
	inner    *remote.Repository
}

func (r *remoteRepository) Tags(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, r.registry.patience)
	defer cancel()
	var all []string
	err := r.inner.Tags(ctx, "", func(page []string) error {
		all = append(all, page...)
		return nil
	})
	if errors.Is(err, errdef.ErrNotFound) || statusOf(err) == http.StatusNotFound {
		return nil, nil
	}
	return all, r.registry.explain(err)
}

func (r *remoteRepository) Resolve(ctx context.Context, tag string) (v1.Descriptor, error) {
	ctx, cancel := context.WithTimeout(ctx, r.registry.patience)
	defer cancel()
	d, err := r.inner.Resolve(ctx, tag)
	return d, r.registry.explain(err)
}

func (r *remoteRepository) Fetch(ctx context.Context, d v1.Descriptor) (Content, error) {
	ctx, cancel := context.WithTimeout(ctx, r.registry.patience+time.Duration(d.Size/minRate)*time.Second)
	content, err := r.inner.Fetch(ctx, d)
	if err != nil {
		cancel()
		return nil, r.registry.explain(err)
	}
	return timed{content, cancel}, nil
}

// timed is content that ends with its time.
type timed struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (t timed) Close() error {
	defer t.cancel()
	return t.ReadCloser.Close()
}

func (r *remoteRepository) Push(ctx context.Context, d v1.Descriptor, content []byte) error {
	if there, err := r.inner.Exists(ctx, d); err == nil && there {
		return nil
	}
	return r.registry.explain(r.inner.Push(ctx, d, bytes.NewReader(content)))
}

func (r *remoteRepository) PushFile(ctx context.Context, d v1.Descriptor, path string) (err error) {
	if there, err := r.inner.Exists(ctx, d); err == nil && there {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return r.registry.explain(r.inner.Push(ctx, d, io.NewSectionReader(f, 0, d.Size)))
}

// Tag looks before and after. The specification has no way to put a tag only where none is, so two who publish to
// a registry that lets tags be replaced could both win; the one that is overtaken is told as long as it still looks.
func (r *remoteRepository) Tag(ctx context.Context, d v1.Descriptor, content []byte, tag string, replace bool) error {
	if !replace {
		if there, err := r.taken(ctx, d, tag); there || err != nil {
			return err
		}
	}
	err := r.inner.Manifests().PushReference(ctx, d, bytes.NewReader(content), tag)
	if code := statusOf(err); code == http.StatusConflict || code == http.StatusPreconditionFailed {
		return fmt.Errorf("%s: %w", tag, ErrTaken)
	}
	if err != nil || replace {
		return r.registry.explain(err)
	}
	there, err := r.taken(ctx, d, tag)
	if err == nil && !there {
		err = fmt.Errorf("%s says that it has taken %s, and does not have it", r.registry, tag)
	}
	return err
}

// taken reports whether the tag stands for d; the error is ErrTaken when it stands for another.
func (r *remoteRepository) taken(ctx context.Context, d v1.Descriptor, tag string) (bool, error) {
	old, err := r.Resolve(ctx, tag)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err == nil && old.Digest != d.Digest:
		return false, fmt.Errorf("%s: %w", tag, ErrTaken)
	}
	return err == nil, err
}

func (r *remoteRepository) Referrers(ctx context.Context, subject v1.Descriptor) ([]v1.Descriptor, error) {
	ctx, cancel := context.WithTimeout(ctx, r.registry.patience)
	defer cancel()
	var all []v1.Descriptor
	err := r.inner.Referrers(ctx, subject, "", func(page []v1.Descriptor) error {
		all = append(all, page...)
		return nil
	})
	return all, r.registry.explain(err)
}

// statusOf is the status that a registry answered with, 0 if the error is another.
func statusOf(err error) int {
	var answer *errcode.ErrorResponse
	if errors.As(err, &answer) {
		return answer.StatusCode
	}
	return 0
}

// explain says in our words what went wrong, and how to go on.
func (r *remoteRegistry) explain(err error) error {
	switch code := statusOf(err); {
	case err == nil:
		return nil
	case errors.Is(err, errdef.ErrNotFound), code == http.StatusNotFound:
		return fmt.Errorf("%s has no such thing: %w", r, fs.ErrNotExist)
	case code == http.StatusUnauthorized, errors.Is(err, auth.ErrBasicCredentialNotFound):
		return r.unknown()
	case code == http.StatusForbidden && r.user.Load() != nil:
		return denial(fmt.Sprintf("%s does not allow that to the user %s", r, *r.user.Load()))
	case code == http.StatusForbidden:
		return denial(fmt.Sprintf("%s does not allow that to this user", r))
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s does not answer in time; see that it runs and can be reached from here: %w", r, err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%s cannot be reached; nothing listens there: %w", r, err)
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return fmt.Errorf("%s: %w; if the authority is your own, make it one of the system's, or name its file in SSL_CERT_FILE, also where the agent starts", r, err)
	}
	return fmt.Errorf("%s: %w", r, err)
}

// unknown says why the registry does not know who asks.
func (r *remoteRegistry) unknown() error {
	switch user := r.user.Load(); {
	case r.config != nil:
		return denial(fmt.Sprintf("%s does not know who asks, and Docker's configuration cannot be read: %s", r, r.config))
	case user != nil:
		return denial(fmt.Sprintf("%s does not take the password of %s; log in anew with: docker login %s", r, *user, r.host))
	}
	return denial(fmt.Sprintf("%s does not know who asks; log in with: docker login %s", r, r.host))
}

// denial is an ErrDenied with its own words.
type denial string

func (d denial) Error() string { return string(d) }

func (denial) Is(target error) bool { return target == ErrDenied }
