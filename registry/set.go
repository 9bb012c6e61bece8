package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/planner/semver"
	"golang.org/x/sync/errgroup"

	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/trust"
)

// searchers is how many packages a search asks about at a time.
const searchers = 16

// Set is registries in the order in which they are searched. The first one that has a package decides about it; one that
// cannot be asked is an error and not passed over, since who can make it silent could else choose the next one.
type Set []*Client

// Find returns the first registry that has a package, and its versions as Versions does. The error is fs.ErrNotExist
// when none has it.
func (s Set) Find(ctx context.Context, name string) (*Client, []semver.Version, error) {
	for _, c := range s {
		versions, err := c.Versions(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		if len(versions) > 0 {
			return c, versions, nil
		}
	}
	text := fmt.Sprintf("there is no package %s in %s", name, s)
	if more := s.suggest(ctx, name); more != "" {
		text += "." + more
	}
	return nil, nil, absent(text)
}

// Release returns a version of a package, or the newest that is available when version is ""; only when there is no
// other is that a prerelease.
func (s Set) Release(ctx context.Context, name, version string) (*Release, error) {
	c, versions, err := s.Find(ctx, name)
	if err != nil {
		return nil, err
	}
	if version != "" {
		r, err := c.Release(ctx, name, version)
		if errors.Is(err, fs.ErrNotExist) {
			err = absent(fmt.Sprintf("%s; there is %s", err, someOf(versions)))
		}
		return r, err
	}
	_, _ = c.releases(ctx, name) // any of them may bring the revocation of the key of another; what is wrong with those that are not chosen does not matter
	return c.newest(ctx, name, versions)
}

// newest is the newest of the versions that is available and whose key was not revoked; only when there is no other is that a
// prerelease.
func (c *Client) newest(ctx context.Context, name string, versions []semver.Version) (*Release, error) {
	slices.SortStableFunc(versions, func(a, b semver.Version) int { return rank(a) - rank(b) })
	var refused error
	for _, v := range versions {
		r, err := c.Release(ctx, name, v.String())
		switch {
		case revoked(err):
			refused = err
		case err != nil || r.Status.State == Available:
			return r, err
		}
	}
	if refused != nil {
		return nil, refused
	}
	return nil, fmt.Errorf("all versions of %s are yanked; name one to get it all the same", name)
}

// Absence says why no version of a package may be chosen: that no registry has it, or that all of them are left out by Releases;
// "" if it cannot be found out.
func (s Set) Absence(ctx context.Context, name string) string {
	c, versions, err := s.Find(ctx, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text := fmt.Sprintf("there is no package %s in %s", name, s)
		if near := diag.Suggest(name, s.names(ctx)); near != "" {
			text += fmt.Sprintf(", but %s", near)
		}
		return text
	case err != nil:
		return ""
	}
	return fmt.Sprintf("no version of %s in %s may be chosen (%s): %s has yanked or revoked them, or the keys that signed them", name, c, someOf(versions), Namespace(name))
}

// mostTold is how many versions of a package a message names.
const mostTold = 5

// someOf names the versions of a package, newest first.
func someOf(versions []semver.Version) string {
	var names []string
	for _, v := range versions[:min(len(versions), mostTold)] {
		names = append(names, v.String())
	}
	if more := len(versions) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d older", more))
	}
	return strings.Join(names, ", ")
}

// Releases returns the versions of a package that may be chosen, newest first, all of them verified; none if no registry
// has it. Left out is what is revoked, what a revoked key has signed, and what is yanked unless it is among the locked.
func (s Set) Releases(ctx context.Context, name string, locked []string) ([]*Release, error) {
	for _, c := range s {
		all, err := c.releases(ctx, name)
		if err != nil {
			return nil, err
		}
		if len(all) > 0 {
			return slices.DeleteFunc(all, func(r *Release) bool { return r == nil || !r.choosable(locked) }), nil
		}
	}
	return nil, nil
}

// releases returns all versions of a package, newest first, all of them verified; nil in the place of one that a revoked key has
// signed.
func (c *Client) releases(ctx context.Context, name string) ([]*Release, error) {
	if all, ok, err := c.unchanged(ctx, name); ok || err != nil {
		return all, err
	}
	versions, err := c.Versions(ctx, name)
	if err != nil {
		return nil, err
	}
	all := make([]*Release, len(versions))
	group, each := errgroup.WithContext(ctx)
	group.SetLimit(searchers)
	for i, v := range versions {
		group.Go(func() (err error) {
			all[i], err = c.Release(each, name, v.String())
			if revoked(err) {
				return nil
			}
			return err
		})
	}
	err = group.Wait()
	var u *trust.Untrusted
	if errors.As(err, &u) { // of all keys that the versions offer, that of the newest is the one to ask about
		if _, newest := c.Release(ctx, name, versions[0].String()); newest != nil {
			err = newest
		}
	}
	if err == nil {
		err = c.dropRevoked(all)
	}
	return all, err
}

// revoked reports whether a version was refused because its key was revoked.
func revoked(err error) bool {
	var u *trust.Untrusted
	return errors.As(err, &u) && u.Revoked
}

// dropRevoked puts nil in the place of releases whose key is good no more: the revocation came with a version that was read
// after them.
func (c *Client) dropRevoked(all []*Release) error {
	known := map[trust.Fingerprint]error{}
	for i, r := range all {
		if r == nil {
			continue
		}
		by := r.Signer.Fingerprint()
		err, ok := known[by]
		if !ok {
			err = r.stillTrusted()
			known[by] = err
		}
		switch {
		case revoked(err):
			all[i] = nil
		case err != nil:
			return err
		}
	}
	return nil
}

func newestFirst(releases []*Release) []*Release {
	slices.SortFunc(releases, func(a, b *Release) int { return b.Version.Compare(a.Version) })
	return releases
}

func (r *Release) choosable(locked []string) bool {
	return r.Status.State == Available || r.Status.State == Yanked && slices.Contains(locked, r.Version.String())
}

func rank(v semver.Version) int {
	if v.IsPrerelease() {
		return 1
	}
	return 0
}

// Found is one result of a search. What cannot be verified has no description.
type Found struct {
	Name        string   `json:"name"`
	Version     string   `json:"version"`
	Kind        string   `json:"kind,omitempty"` // as in Manifest
	Description string   `json:"description"`
	Types       []string `json:"types,omitempty"` // of a plugin
	Registry    string   `json:"registry"`
	Problem     string   `json:"problem,omitempty"` // why it is not to be had
}

// Search returns the packages whose name or description, or whose types, have the word in them, by registry and name. Registries that list
// nothing are told in silent.
func (s Set) Search(ctx context.Context, word string) (found []Found, silent []string, err error) {
	for _, c := range s {
		names, err := c.registry.Names(ctx)
		if errors.Is(err, oci.ErrNoList) {
			silent = append(silent, c.registry.String())
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		slices.Sort(names)
		more, err := c.look(ctx, names)
		if err != nil {
			return nil, nil, err
		}
		found = append(found, more...)
	}
	word = strings.ToLower(word)
	found = slices.DeleteFunc(found, func(f Found) bool {
		return f.Version == "" || !strings.Contains(strings.ToLower(strings.Join(append(slices.Clone(f.Types), f.Name, f.Kind, f.Description), " ")), word)
	})
	return found, silent, nil
}

// look asks about packages, several at a time.
func (c *Client) look(ctx context.Context, names []string) ([]Found, error) {
	found, releases := make([]Found, len(names)), make([]*Release, len(names))
	group, each := errgroup.WithContext(ctx)
	group.SetLimit(searchers)
	for i, name := range names {
		group.Go(func() (err error) {
			found[i], releases[i], err = c.find(each, name)
			return err
		})
	}
	err := group.Wait()
	for i, name := range names {
		if r := releases[i]; err == nil && r != nil && revoked(r.stillTrusted()) { // the revocation came with another package
			found[i], _, err = c.find(ctx, name)
		}
	}
	return found, err
}

// find describes the newest version of a package, and returns it unless it is not to be had. A repository of something else has no
// version.
func (c *Client) find(ctx context.Context, name string) (Found, *Release, error) {
	f := Found{Name: name, Registry: c.registry.String()}
	versions, err := c.Versions(ctx, name)
	if err == nil && len(versions) == 0 {
		return f, nil, nil
	}
	var r *Release
	if err == nil {
		r, err = c.newest(ctx, name, versions)
	}
	if err != nil {
		f.Version, f.Problem = "?", err.Error()
		return f, nil, ctx.Err()
	}
	f.Version, f.Kind, f.Description = r.Version.String(), r.Kind, r.Description
	if r.Plugin != nil {
		f.Types = r.Plugin.Types
	}
	return f, r, nil
}

// suggest finds the package that may have been meant; a registry that lists nothing has no idea.
func (s Set) suggest(ctx context.Context, name string) string {
	names := s.names(ctx)
	if slices.Contains(names, name) { // it was begun and never shown
		return " Publishing it was begun there and did not come to its end; its publisher does it again"
	}
	return diag.DidYouMean(name, names)
}

// names are those of the packages in all registries that list them.
func (s Set) names(ctx context.Context) (all []string) {
	for _, c := range s {
		names, _ := c.registry.Names(ctx)
		all = append(all, names...)
	}
	return all
}

func (s Set) String() string {
	var list []string
	for _, c := range s {
		list = append(list, c.registry.String())
	}
	return strings.Join(list, ", ")
}
