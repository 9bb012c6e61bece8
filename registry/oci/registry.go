package oci

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// Registry is a place with repositories. It is safe for concurrent use.
type Registry interface {
	// Names lists the repositories below the registry's address. The error is ErrNoList when the registry does not tell.
	Names(ctx context.Context) ([]string, error)
	// Repository returns one by its name, whether it is there or not.
	Repository(name string) (Repository, error)
	// String is the address.
	String() string
}

// Repository holds objects by their digests, and tags for some of the manifests. It is safe for concurrent use, also by
// several processes.
type Repository interface {
	// Tags lists all tags in no order; none if the repository is not there.
	Tags(ctx context.Context) ([]string, error)
	// Resolve says what a tag stands for. The error is fs.ErrNotExist when there is no such tag.
	Resolve(ctx context.Context, tag string) (v1.Descriptor, error)
	// Fetch opens an object. Use Read or Copy, which check it.
	Fetch(ctx context.Context, d v1.Descriptor) (Content, error)
	// Push puts an object there; that it is there already is no error. A manifest with a subject becomes its referrer.
	Push(ctx context.Context, d v1.Descriptor, content []byte) error
	// PushFile is Push for a file that may be large.
	PushFile(ctx context.Context, d v1.Descriptor, path string) error
	// Tag puts a manifest there, as the last step, so that the tag stands for it. Unless replace is true the error is
	// ErrTaken when it stands for another; that it stands for this one already is no error.
	Tag(ctx context.Context, d v1.Descriptor, content []byte, tag string, replace bool) error
	// Referrers lists the manifests with this one as their subject.
	Referrers(ctx context.Context, subject v1.Descriptor) ([]v1.Descriptor, error)
}

var (
	// ErrTaken says that a tag stands for something else and must not be changed.
	ErrTaken = errors.New("it is taken")
	// ErrDenied says that a registry does not allow something to this user, or to nobody that it knows.
	ErrDenied = errors.New("the registry does not allow that")
	// ErrNoList says that a registry does not list its repositories.
	ErrNoList = errors.New("the registry does not list what it holds")
)

// Options are those of Dial. The zero value is good.
type Options struct {
	// Transport carries requests; nil for http.DefaultTransport.
	Transport http.RoundTripper
	// Retries is how often a request is made again that failed for no fault of ours; 0 for 3, below 0 for never.
	Retries int
	// Patience is how long a registry may take for an answer, and for an object besides a second for each minRate bytes;
	// 0 for 30 seconds.
	Patience time.Duration
}

// minRate is in bytes a second. A registry that answers a byte at a time holds nobody up for ever.
const minRate = 32 << 10

// Dial returns the registry at the address; nothing is asked yet.
func Dial(address string, o Options) (Registry, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "file" && u.Host == "" {
		return nil, wrongAddress(address)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("the address of a registry has no user, query or fragment: log in with docker login or oras login, whose credentials are used")
	}
	switch u.Scheme {
	case "file":
		if u.Host != "" || !filepath.IsAbs(filepath.FromSlash(u.Path)) {
			return nil, wrongAddress(address)
		}
		return directory(filepath.FromSlash(u.Path)), nil
	case "oci":
		return newRemote(u, false, o)
	case "oci+http":
		if !loopback(u.Hostname()) {
			return nil, fmt.Errorf("%s: without TLS anybody on the way could read the password; oci+http is for this machine only, use oci://%s", address, u.Host)
		}
		return newRemote(u, true, o)
	}
	return nil, wrongAddress(address)
}

// wrongAddress also knows the path of a directory, which is what shells complete.
func wrongAddress(address string) error {
	if filepath.IsAbs(address) {
		return fmt.Errorf("%q is a path and not the address of a registry; that of the directory is file://%s", strings.ToValidUTF8(address, "?"), filepath.ToSlash(address))
	}
	return fmt.Errorf("%q is not the address of a registry, which looks like oci://registry.example.com/team or file:///srv/packages", strings.ToValidUTF8(address, "?"))
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
