package library

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/opencontainers/go-digest"

	"github.com/nsynapse/recipe/planner/lockfile"
	"github.com/nsynapse/recipe/planner/semver"
	"github.com/nsynapse/recipe/planner/solve"
	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/trust"
)

// Ask has the registries asked from now on also about what is locked and kept. It returns false if they were asked about
// everything, so that another attempt would find nothing else.
func (s *Source) Ask() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fresh = true
	if !s.kept {
		return false
	}
	s.kept, s.releases = false, map[string][]*registry.Release{}
	return true
}

// search returns the versions of a package that may be chosen. The caller holds the lock.
func (s *Source) search(ctx context.Context, name string) ([]*registry.Release, error) {
	locked := s.locked.Packages[name]
	if len(locked) > 0 && !s.fresh {
		releases, err := s.allKept(ctx, name, locked)
		if err == nil {
			s.kept = true
			return releases, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	releases, err := s.set.Releases(ctx, name, versionsOf(locked))
	if err != nil {
		return nil, err
	}
	return releases, agree(releases, locked)
}

func versionsOf(locked []lockfile.Package) (versions []string) {
	for _, p := range locked {
		versions = append(versions, p.Version)
	}
	return versions
}

// allKept returns the locked versions of a package, newest first. The error is fs.ErrNotExist unless all of them are kept and
// may be used.
func (s *Source) allKept(ctx context.Context, name string, locked []lockfile.Package) ([]*registry.Release, error) {
	var releases []*registry.Release
	for _, p := range locked {
		at := slices.IndexFunc(s.set, func(c *registry.Client) bool { return p.Release != nil && s.names[c.String()] == p.Release.Origin })
		if at < 0 {
			return nil, fs.ErrNotExist
		}
		r, err := s.set[at].Kept(ctx, name, p.Version, digest.Digest(p.Release.Digest))
		var u *trust.Untrusted
		switch {
		case errors.As(err, &u) && u.Revoked, err == nil && r.Status.State == registry.Revoked:
			return nil, fs.ErrNotExist // the registry tells what there is instead
		case err != nil:
			return nil, placed(p.Release, err)
		}
		releases = append(releases, r)
	}
	slices.SortFunc(releases, func(a, b *registry.Release) int { return b.Version.Compare(a.Version) })
	return releases, agree(releases, locked)
}

// placed puts an error about what is locked where that is written.
func placed(locked *lockfile.Release, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Lock file and package disagree", Subject: &locked.Range,
		Detail: err.Error() + ". The lock file is not for editing: take it from your version control."}
	if u := (*trust.Untrusted)(nil); errors.As(err, &u) {
		d.Summary, d.Detail = "Locked package is refused", fmt.Sprintf("%s. %s.", err, u.WayOut())
	}
	return hcl.Diagnostics{d}
}

// Withdrawn warns of packages of a lock file whose publishers have taken them back since, as far as this reader knows; lock is what
// was chosen now.
func (s *Source) Withdrawn(before *lockfile.File, lock *solve.Lock) (diags hcl.Diagnostics) {
	revoked := map[signing]bool{} // most packages are signed with few keys, and looking one up reads them all
	for _, name := range slices.Sorted(maps.Keys(before.Packages)) {
		for _, p := range before.Packages[name] {
			if how, refused := s.withdrawn(name, p, revoked); how != "" {
				diags = append(diags, withdrawal(name, p, how, refused, lock)...)
			}
		}
	}
	return diags
}

// signing is a key of a namespace in a registry.
type signing struct {
	registry, namespace string
	key                 trust.Fingerprint
}

// withdrawn notes in revoked which keys were looked up.
func (s *Source) withdrawn(name string, p lockfile.Package, revoked map[signing]bool) (how string, refused bool) {
	version, err := semver.Parse(p.Version)
	at := slices.IndexFunc(s.set, func(c *registry.Client) bool { return p.Release != nil && s.names[c.String()] == p.Release.Origin })
	if err != nil || at < 0 {
		return "", false
	}
	by := signing{p.Release.Origin, registry.Namespace(name), trust.Fingerprint(p.Release.Key)}
	bad, known := revoked[by]
	if !known {
		bad = s.set[at].RevokedKey(by.namespace, by.key)
		revoked[by] = bad
	}
	return s.set[at].Withdrawn(name, version, bad)
}

// withdrawal is the warning; none when what may be used and is not chosen any more is of no interest.
func withdrawal(name string, p lockfile.Package, how string, refused bool, lock *solve.Lock) hcl.Diagnostics {
	var now []string
	for _, chosen := range lock.Packages {
		if chosen.Name == name {
			now = append(now, chosen.Version)
		}
	}
	d := &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "A locked package was taken back", Subject: &p.Release.Range}
	switch {
	case slices.Contains(now, p.Version):
		d.Detail = fmt.Sprintf("%s %s %s. Who has it locked keeps it; recipe lock -upgrade=%s takes another version if there is one that fits.", name, p.Version, how, name)
	case refused && len(now) > 0:
		d.Detail = fmt.Sprintf("%s %s %s. In its place is %s.", name, p.Version, how, strings.Join(now, ", "))
	default:
		return nil
	}
	return hcl.Diagnostics{d}
}

// agree refuses releases that have not the bits that are locked for their versions, and bits that are locked for another version.
func agree(releases []*registry.Release, locked []lockfile.Package) error {
	var diags hcl.Diagnostics
	for _, r := range releases {
		for _, p := range locked {
			if difference := differ(r, p); difference != "" {
				diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Other bits than those that are locked", Subject: &p.Release.Range, Detail: difference + " Somebody changed the lock file or the package; a version that was published never changes. Find out who before anything else; recipe lock -upgrade=" + r.Name + " takes what the registry has."})
			}
		}
	}
	if diags != nil {
		return diags
	}
	return nil
}

// differ tells how a release and a lock contradict each other; "" if they do not.
func differ(r *registry.Release, p lockfile.Package) string {
	if p.Release == nil {
		return ""
	}
	version, is, want := r.Version.String(), bits(r), p.Release
	switch {
	case version != p.Version && is.Digest == want.Digest:
		return fmt.Sprintf("The lock file has %s for %s %s, and in %s that is %s.", want.Digest, r.Name, p.Version, r.Registry, version)
	case version != p.Version:
		return ""
	case is.Digest != want.Digest:
		return fmt.Sprintf("The lock file has %s for %s %s, and %s has %s.", want.Digest, r.Name, version, r.Registry, is.Digest)
	case is.Key != want.Key:
		return fmt.Sprintf("The lock file has the key %s for %s %s, and it is signed with %s.", want.Key, r.Name, version, is.Key)
	case !maps.Equal(is.Files, want.Files):
		return fmt.Sprintf("The lock file has the files %s for %s %s, and signed are %s.", filesText(want.Files), r.Name, version, filesText(is.Files))
	}
	return ""
}

// filesText names the files of a version by their platforms.
func filesText(files map[string]string) string {
	var list []string
	for _, platform := range slices.Sorted(maps.Keys(files)) {
		list = append(list, fmt.Sprintf("%q = %q", platform, files[platform]))
	}
	return "{ " + strings.Join(list, ", ") + " }"
}

// Release is which bits a chosen package is; nil if it comes from no registry.
func (s *Source) Release(p solve.Package) *lockfile.Release {
	r := s.release(p)
	if r == nil {
		return nil
	}
	b := bits(r)
	b.Origin = s.names[r.Registry]
	return b
}

func bits(r *registry.Release) *lockfile.Release {
	b := &lockfile.Release{Origin: r.Registry, Key: string(r.Signer.Fingerprint()), Digest: string(r.Digest), Files: map[string]string{}}
	for _, a := range r.Archives {
		b.Files[a.Platform] = string(a.Digest)
	}
	return b
}

// Export puts everything that Import needs of the chosen packages that come from registries into a directory.
func (s *Source) Export(ctx context.Context, lock *solve.Lock, to oci.Blobs) error {
	for _, p := range lock.Packages {
		r := s.release(p)
		if r == nil {
			continue
		}
		if err := r.Export(ctx, registry.Platform(), to); err != nil {
			return fmt.Errorf("cannot bundle %s %s: %w", p.Name, p.Version, err)
		}
	}
	return nil
}

// Import takes over what is locked and lies in a directory, so that no registry has to be asked for it.
func (s *Source) Import(ctx context.Context, from oci.Blobs) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(s.locked.Packages)) {
		for _, p := range s.locked.Packages[name] {
			if p.Release == nil {
				continue
			}
			if err := s.take(ctx, from, name, p); err != nil {
				diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Bundle refused", Subject: &p.Release.Range, Detail: err.Error() + "."})
			}
		}
	}
	return diags
}

func (s *Source) take(ctx context.Context, from oci.Blobs, name string, p lockfile.Package) error {
	at := slices.IndexFunc(s.set, func(c *registry.Client) bool { return s.names[c.String()] == p.Release.Origin })
	if at < 0 {
		return fmt.Errorf("%s %s comes from %s, which is not among the registries of the stack", name, p.Version, p.Release.Origin)
	}
	err := s.set[at].Import(ctx, from, name, p.Version, digest.Digest(p.Release.Digest), s.store)
	var u *trust.Untrusted
	if errors.As(err, &u) {
		return fmt.Errorf("%w. %s", err, u.WayOut())
	}
	return err
}
