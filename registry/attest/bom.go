package attest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/store"
)

// BOMType is the media type and artifact type of the list.
const BOMType = "application/vnd.cyclonedx+json"

// bom lists the files of each platform, and the packages that are needed.
func bom(m *registry.Manifest, dirs map[string]string) ([]byte, error) {
	list := cyclonedx.NewBOM()
	self := component(cyclonedx.ComponentTypeApplication, m.Name, m.Version.String())
	self.Description = m.Description
	list.Metadata = &cyclonedx.Metadata{Component: &self}
	var parts []cyclonedx.Component
	needs := []string{}
	for _, d := range slices.Concat(m.Depends, m.Uses) {
		part := component(cyclonedx.ComponentTypeLibrary, d.Package, "")
		part.Properties = property("recipe:constraint", d.Constraint)
		parts, needs = append(parts, part), append(needs, part.BOMRef)
	}
	for _, platform := range slices.Sorted(maps.Keys(dirs)) {
		files, err := filesOf(dirs[platform], platform)
		if err != nil {
			return nil, err
		}
		parts = append(parts, files...)
	}
	list.Components = &parts
	list.Dependencies = &[]cyclonedx.Dependency{{Ref: self.BOMRef, Dependencies: &needs}}
	var b bytes.Buffer
	err := cyclonedx.NewBOMEncoder(&b, cyclonedx.BOMFileFormatJSON).Encode(list)
	return b.Bytes(), err
}

// component is a package; version is "" where only a constraint is known.
func component(kind cyclonedx.ComponentType, name, version string) cyclonedx.Component {
	ref := "pkg:generic/" + name
	if version != "" {
		ref += "@" + version
	}
	return cyclonedx.Component{BOMRef: ref, PackageURL: ref, Type: kind, Name: name, Version: version}
}

func property(name, value string) *[]cyclonedx.Property {
	if value == "" {
		return nil
	}
	return &[]cyclonedx.Property{{Name: name, Value: value}}
}

// filesOf lists what of a directory goes into its archive.
func filesOf(dir, platform string) ([]cyclonedx.Component, error) {
	files := os.DirFS(dir)
	ignore, err := store.ReadIgnore(files)
	if err != nil {
		return nil, err
	}
	entries, err := store.List(files, ignore.Match)
	if err != nil {
		return nil, err
	}
	var parts []cyclonedx.Component
	for _, e := range entries {
		if e.Kind != 'f' && e.Kind != 'x' {
			continue
		}
		sum, err := sumOf(files, e.Path)
		if err != nil {
			return nil, err
		}
		part := cyclonedx.Component{BOMRef: "file:" + platform + ":" + e.Path, Type: cyclonedx.ComponentTypeFile, Name: e.Path,
			Hashes: &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: sum}}, Properties: property("recipe:platform", platform)}
		parts = append(parts, part)
	}
	return parts, nil
}

func sumOf(files fs.FS, path string) (string, error) {
	f, err := files.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return fmt.Sprintf("%x", sum.Sum(nil)), err
}
