package archive_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/nsynapse/recipe/executor/torture"
	"github.com/nsynapse/recipe/registry/archive"
)

const kilo = 1 << 10

// signed is what the hostile publisher says that each archive holds.
var signed = archive.Content{Tree: "tree-of-its-own", Bytes: 64 * kilo, Files: 3}

// lie is how an archive is refused that was unpacked whole and holds other files than it says.
const lie = "does not hold the files"

// TestT14 unpacks archives of a hostile publisher. Each is refused, by its names, links, kinds or sizes and not only
// because its digest is wrong, and nothing outside the directory is changed.
func TestT14(t *testing.T) {
	tried := 0
	for name, content := range hostile(t) {
		tried++
		t.Run(name, func(t *testing.T) {
			if files, err := archive.Read(t.Context(), bytes.NewReader(content), signed); err == nil {
				t.Errorf("it was taken into memory: %v", files)
			}
			err := unpackBeside(t, content)
			switch {
			case err == nil:
				t.Error("it was taken")
			case strings.Contains(err.Error(), lie) != strings.HasPrefix(name, "lie:"):
				t.Errorf("refused for another reason: %v", err)
			}
		})
	}
	if tried < 60 {
		t.Errorf("only %d archives", tried)
	}
	torture.Report(t, "T14", "%d hostile archives: all refused, 0 files outside", tried)
}

// unpackBeside unpacks into a directory with a neighbour and demands that only the directory was written to.
func unpackBeside(t *testing.T, content []byte) error {
	t.Helper()
	parent := t.TempDir()
	to, neighbour := filepath.Join(parent, "to"), filepath.Join(parent, "x")
	must(t, os.Mkdir(to, 0o755))
	must(t, os.WriteFile(neighbour, []byte("mine"), 0o600))
	refused := archive.Unpack(t.Context(), bytes.NewReader(content), to, signed)
	if left, err := os.ReadDir(parent); err != nil || len(left) != 2 {
		t.Errorf("outside: %v, %v", left, err)
	}
	if text, err := os.ReadFile(neighbour); err != nil || string(text) != "mine" {
		t.Errorf("the neighbour is %q, %v", text, err)
	}
	var written int64
	must(t, filepath.Walk(to, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			written += info.Size()
		}
		return err
	}))
	if written > signed.Bytes+1 {
		t.Errorf("%d bytes were written, of %d", written, signed.Bytes)
	}
	return refused
}

func hostile(t *testing.T) map[string][]byte {
	all := map[string][]byte{}
	for name, heads := range hostileEntries() {
		all[name] = compress(t, makeTar(t, heads...))
	}
	for name, records := range hostileRecords() {
		head := file("a")
		head.PAXRecords = records
		all[name] = compress(t, rawPAX(t, head))
	}
	good := makeTar(t, file("a"), file("b"))
	for name, content := range hostileStreams(t, good) {
		all[name] = content
	}
	return all
}

func hostileEntries() map[string][]tar.Header {
	return map[string][]tar.Header{
		"absolute name":                 {file("/etc/passwd")},
		"absolute name, two slashes":    {file("//x")},
		"absolute directory":            {dir("/x/")},
		"dots":                          {file("../x")},
		"dots alone":                    {dir("../")},
		"dots behind a dot":             {file("./../x")},
		"inner dots":                    {file("a/../../x")},
		"inner dots that stay inside":   {file("a/../b")},
		"dots at the end":               {dir("a/..")},
		"many dots":                     {file(strings.Repeat("../", 60) + "etc/x")},
		"dots behind a long name":       {file(strings.Repeat("a/", 200) + strings.Repeat("../", 201) + "x")},
		"directory of dots":             {dir("a/b/"), dir("a/b/../../../y/")},
		"absolute link":                 {link("a", "/etc")},
		"link out":                      {link("a", "../x")},
		"link to the directory above":   {link("a", "..")},
		"link up and down":              {link("a/b", "../../x/a")},
		"link out in the middle":        {link("a", "b/../../x")},
		"link without a target":         {link("a", "")},
		"link through a link":           {dir("p/q"), link("p/q/r", "../.."), link("y", "p/q/r/../..")},
		"loop":                          {link("a", "b"), link("b", "a")},
		"link to itself":                {link("a", "a")},
		"long link out":                 {link("a", strings.Repeat("b/../", 40)+"../x")},
		"write through a link":          {dir("d"), link("a", "d"), file("a/y")},
		"write through a link to later": {link("a", "d"), file("a/y")},
		"directory through a link":      {dir("d"), link("a", "d"), dir("a/y/")},
		"directory over a link":         {dir("d"), link("a", "d"), dir("a/")},
		"write over a link":             {link("a", "b"), file("a")},
		"link over a file":              {file("a"), link("a", "b")},
		"link over a directory":         {dir("a"), link("a", "b")},
		"link over another":             {link("a", "b"), link("a", "c")},
		"link through a link, written":  {dir("d"), link("a", "d"), link("a/l", "../d")},
		"file twice":                    {file("a"), file("a")},
		"file twice, with a dot":        {file("a"), file("./a")},
		"directory over a file":         {file("a"), dir("a")},
		"file over a directory":         {dir("a"), file("a")},
		"file below a file":             {file("a"), file("a/b")},
		"hard link out":                 {hard("a", "../x")},
		"hard link absolute":            {hard("a", "/etc/passwd")},
		"hard link to nothing":          {hard("a", "b")},
		"hard link to itself":           {hard("a", "a")},
		"hard link to a link":           {link("l", "y"), hard("a", "l")},
		"hard link to a directory":      {dir("d"), hard("a", "d")},
		"hard link through a link":      {dir("d"), file("d/f"), link("l", "d"), hard("l/a", "d/f")},
		"device":                        {{Name: "a", Typeflag: tar.TypeBlock}},
		"character device":              {{Name: "a", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3}},
		"fifo":                          {{Name: "a", Typeflag: tar.TypeFifo}},
		"contiguous file":               {{Name: "a", Typeflag: tar.TypeCont}},
		"unknown kind":                  {{Name: "a", Typeflag: 'Z'}},
		"device at the end":             {file("a"), file("b"), {Name: "c", Typeflag: tar.TypeChar}},
		"one byte too many":             {{Name: "a", Typeflag: tar.TypeReg, Size: 64*kilo + 1}},
		"too many bytes together":       {{Name: "a", Typeflag: tar.TypeReg, Size: 64 * kilo}, {Name: "b", Typeflag: tar.TypeReg, Size: 1}},
		"lie: other files":              {file("a"), file("c")},
		"lie: no files":                 {},
		"lie: an empty file":            {{Name: "a", Typeflag: tar.TypeReg}},
	}
}

// hostileRecords are extended headers of a file that is called "a" in its plain one.
func hostileRecords() map[string]map[string]string {
	return map[string]map[string]string{
		"extended name with dots":    {"path": "../x"},
		"extended absolute name":     {"path": "/x"},
		"extended name with a zero":  {"path": "a\x00b"},
		"extended size below zero":   {"size": "-1"},
		"extended size without end":  {"size": "99999999999999999999"},
		"extended size without data": {"size": "1099511627776"},
		"extended sparse file":       {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "1099511627776"},
	}
}

func hostileStreams(t *testing.T, good []byte) map[string][]byte {
	whole := compress(t, good)
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-2] ^= 1 // of the checksum
	badHead := bytes.Clone(good)
	badHead[0] ^= 1
	return map[string][]byte{
		"nothing":               nil,
		"garbage":               []byte("\x28\xb5\x2f\xfd" + strings.Repeat("garbage", 100)),
		"text":                  []byte("no archive at all"),
		"gzip":                  gzipped(t, good),
		"plain tar":             good,
		"cut":                   whole[:len(whole)/2],
		"lie: cut tar":          compress(t, good[:700]),
		"flipped":               flipped,
		"flipped header":        compress(t, badHead),
		"bomb":                  bomb(t, 256<<20),
		"window of a gigabyte":  {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 0x01, 0x00, 0x00},
		"dictionary that lacks": {0x28, 0xb5, 0x2f, 0xfd, 0x03, 0x58, 1, 2, 3, 4, 0x01, 0x00, 0x00},
	}
}

// bomb is a file of zeros, some thousand times as large as its archive.
func bomb(t *testing.T, size int64) []byte {
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	must(t, err)
	w := tar.NewWriter(z)
	must(t, w.WriteHeader(&tar.Header{Name: "a", Typeflag: tar.TypeReg, Size: size}))
	_, err = io.CopyN(w, zeros{}, size)
	must(t, err)
	must(t, w.Close())
	must(t, z.Close())
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func compress(t *testing.T, plain []byte) []byte {
	z, err := zstd.NewWriter(nil)
	must(t, err)
	return z.EncodeAll(plain, nil)
}

func gzipped(t *testing.T, plain []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(plain)
	must(t, err)
	must(t, z.Close())
	return b.Bytes()
}

func makeTar(t *testing.T, heads ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range heads {
		must(t, w.WriteHeader(&h))
		_, err := w.Write(make([]byte, h.Size))
		must(t, err)
	}
	must(t, w.Close())
	return b.Bytes()
}

// rawPAX is a tar stream with records that tar.Writer would refuse.
func rawPAX(t *testing.T, head tar.Header) []byte {
	t.Helper()
	var records strings.Builder
	for key, value := range head.PAXRecords {
		records.WriteString(paxRecord(key, value))
	}
	text := records.String()
	head.PAXRecords = nil
	body := makeTar(t, head)
	// The header of a file that makeTar wrote, as that of an extended header: kind and checksum are changed by hand.
	extended := makeTar(t, tar.Header{Name: "PaxHeader", Typeflag: tar.TypeReg, Size: int64(len(text)), Mode: 0o644})
	copy(extended[512:], text)
	extended[156] = tar.TypeXHeader
	checksum(extended[:512])
	return append(extended[:512+(len(text)+511)/512*512], body...)
}

func paxRecord(key, value string) string {
	rest := " " + key + "=" + value + "\n"
	for size := len(rest) + 1; ; size++ {
		if record := strconv.Itoa(size) + rest; len(record) == size {
			return record
		}
	}
}

// checksum writes the sum of a header's bytes into it.
func checksum(head []byte) {
	copy(head[148:156], "        ")
	sum := 0
	for _, b := range head {
		sum += int(b)
	}
	octal := []byte("000000\x00 ")
	for i := 5; i >= 0; i-- {
		octal[i] = byte('0' + sum%8)
		sum /= 8
	}
	copy(head[148:156], octal)
}

func file(name string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeReg, Size: 3, Mode: 0o644}
}
func dir(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: 0o755} }
func link(name, target string) tar.Header {
	return tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeSymlink}
}
func hard(name, target string) tar.Header {
	return tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeLink}
}
