package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/journal"
	programme "github.com/nsynapse/recipe/executor/torture"
	"github.com/nsynapse/recipe/executor/vault"
)

// TestT3Records cuts the power under a journal and under a vault while they are written. What was acknowledged has to be
// there after it, in order, and of what was not at most the one step that was under way.
func TestT3Records(t *testing.T) {
	needVolumes(t)
	t.Parallel()
	random := programme.Random(t)
	var journals, vaults, records, again int
	for _, part := range []struct {
		options string
		writer  string
		cuts    int
	}{
		{"commit=300", "journal", programme.Pick(5, 130)},
		{"defaults", "journal", programme.Pick(2, 50)},
		{"commit=300", "vault", programme.Pick(2, 60)},
		{"defaults", "vault", programme.Pick(1, 20)},
	} {
		c := newCutter(t, random, part.writer, part.options)
		for range part.cuts {
			c.cut()
			if t.Failed() {
				return
			}
		}
		c.end()
		records += c.acknowledged
		again += c.again
		if part.writer == "journal" {
			journals += part.cuts
		} else {
			vaults += part.cuts
		}
	}
	programme.Report(t, "T3", "%d cuts under a journal, %d under a vault, %d of them again while recovering; %d steps acknowledged, 0 lost", journals, vaults, again, records)
}

// cutter cuts the power of one writer again and again. The writer itself goes on: each cut is looked at in a copy.
type cutter struct {
	testing.TB
	random       *rand.Rand
	kind         string
	disk, copy   *volume
	acks         string // outside of the volume
	writer       *exec.Cmd
	life         io.Closer
	acknowledged int
	again        int
}

func newCutter(t testing.TB, random *rand.Rand, kind, options string) *cutter {
	t.Helper()
	c := &cutter{TB: t, random: random, kind: kind, acks: filepath.Join(t.TempDir(), "acks")}
	c.disk = newVolume(t, t.TempDir(), 32, options)
	c.copy = newVolume(t, t.TempDir(), 32, options)
	c.writer = exec.Command(os.Args[0], c.disk.at, c.acks, strconv.FormatUint(random.Uint64(), 10))
	c.writer.Env = append(os.Environ(), "T3_WRITE="+kind)
	var err error
	if c.life, err = c.writer.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	c.writer.Stderr = os.Stderr
	if err := c.writer.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.end)
	return c
}

// end makes the writer end.
func (c *cutter) end() {
	if c.writer.ProcessState != nil {
		return
	}
	if err := c.writer.Process.Kill(); err != nil {
		c.Error(err)
	}
	_ = c.writer.Wait() // killed
	_ = c.life.Close()
}

func (c *cutter) cut() {
	c.Helper()
	time.Sleep(time.Duration(c.random.Int64N(int64(60 * time.Millisecond))))
	halt(c, c.writer.Process.Pid)
	content := c.disk.content()
	acks, err := os.ReadFile(c.acks)
	if err != nil && !os.IsNotExist(err) {
		c.Fatal(err)
	}
	if err := c.writer.Process.Signal(unix.SIGCONT); err != nil {
		c.Fatalf("the writer has ended: %v", err)
	}
	steps := bytes.Split(bytes.TrimSuffix(acks, []byte("\n")), []byte("\n"))
	c.acknowledged = len(steps)
	c.copy.put(content)
	c.judge(steps)
	if c.random.IntN(4) == 0 { // the power is cut again in the recovery, or just after it
		c.copy.put(c.copy.content())
		c.judge(steps)
		c.again++
	}
}

// judge compares what can be recovered from the copy with what the writer said. Each line of it is one step
// that was done, "ack N" or "keep N", or "keeping N" for one that was begun: secrets below N may be forgotten from then on,
// and those below that of "keep" are.
func (c *cutter) judge(steps [][]byte) {
	c.Helper()
	said := map[string]int{}
	for _, step := range steps {
		word, number, _ := strings.Cut(string(step), " ")
		if n, err := strconv.Atoi(number); err == nil {
			said[word] = n
		}
	}
	if c.kind == "journal" {
		c.judgeJournal(said["ack"])
	} else if said["ack"] > 0 { // before it the vault itself may be missing
		c.judgeVault(said)
	}
}

func (c *cutter) judgeJournal(acknowledged int) {
	c.Helper()
	j, r, err := journal.Open(disk.OS{}, filepath.Join(c.copy.at, "journal"))
	if err != nil {
		c.Fatalf("after a power cut: %v", err)
	}
	defer j.Close()
	last := 0
	if len(r.Snapshot) > 0 {
		last = int(binary.LittleEndian.Uint64(r.Snapshot))
	}
	for _, record := range r.Records {
		last++
		if !bytes.Equal(record, payload(last)) {
			c.Fatalf("record %d is not what was written", last)
		}
	}
	if last < acknowledged || last > acknowledged+3 || last > acknowledged && last != batchEnd(acknowledged+1) {
		c.Fatalf("%d records are there, %d were acknowledged, and %d more under way", last, acknowledged, batchEnd(acknowledged+1)-acknowledged)
	}
}

func (c *cutter) judgeVault(said map[string]int) {
	c.Helper()
	key, err := vault.LoadKey(disk.OS{}, filepath.Join(c.copy.at, "key"))
	if err != nil {
		c.Fatal(err)
	}
	v, err := vault.Open(disk.OS{}, filepath.Join(c.copy.at, "vault"), key, "lineage")
	if err != nil {
		c.Fatalf("after a power cut: %v", err)
	}
	defer v.Close()
	for n := 1; n <= said["ack"]; n++ {
		_, there := v.Get(v.ID(secret(n)))
		switch {
		case !there && n >= said["keeping"]:
			c.Fatalf("secret %d is lost; %v", n, said)
		case there && n < said["keep"]:
			c.Fatalf("secret %d is there, and was forgotten; %v", n, said)
		}
	}
}

// payload is record n: its number, and bytes that follow from it.
func payload(n int) []byte {
	random := rand.New(rand.NewPCG(uint64(n), 3))
	size := random.IntN(600)
	if n%17 == 0 {
		size = random.IntN(60 << 10)
	}
	b := binary.LittleEndian.AppendUint64(nil, uint64(n))
	for len(b) < 8+size {
		b = binary.LittleEndian.AppendUint64(b, random.Uint64())
	}
	return b
}

// batchEnd is the last record of the Append that begins with record first: it has up to three.
func batchEnd(first int) int { return first + first*2654435761>>7%3 }

func secret(n int) string { return fmt.Sprintf("secret %d", n) }

// t3Write is the process that writes, until it is killed. Its arguments are the directory, the file of what it
// acknowledges, and a seed.
func t3Write(kind string, args []string) error {
	seed, err := strconv.ParseUint(args[2], 10, 64)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(args[1], os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	say := func(word string, n int) { fmt.Fprintf(f, "%s %d\n", word, n) }
	go func() { // it ends with who started it, whatever happens to that
		_, _ = os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}()
	random := rand.New(rand.NewPCG(seed, seed))
	if kind == "journal" {
		return writeJournal(args[0], random, say)
	}
	return writeVault(args[0], random, say)
}

func writeJournal(dir string, random *rand.Rand, say func(string, int)) error {
	j, _, err := journal.Open(disk.OS{}, filepath.Join(dir, "journal"))
	if err != nil {
		return err
	}
	for last := 0; ; {
		var batch [][]byte
		for n := last + 1; n <= batchEnd(last+1); n++ {
			batch = append(batch, payload(n))
		}
		if err := j.Append(batch...); err != nil {
			return err
		}
		last += len(batch)
		say("ack", last)
		if random.IntN(30) == 0 || j.Size() > 4<<20 {
			snapshot := binary.LittleEndian.AppendUint64(nil, uint64(last))
			if err := j.Compact(append(snapshot, make([]byte, random.IntN(100<<10))...)); err != nil {
				return err
			}
		}
	}
}

func writeVault(dir string, random *rand.Rand, say func(string, int)) error {
	key, err := vault.LoadKey(disk.OS{}, filepath.Join(dir, "key"))
	if err != nil {
		return err
	}
	v, err := vault.Open(disk.OS{}, filepath.Join(dir, "vault"), key, "lineage")
	if err != nil {
		return err
	}
	from, kept := 1, 0
	for n := 1; ; n++ {
		if err := v.Put(secret(n)); err != nil {
			return err
		}
		say("ack", n)
		if random.IntN(20) != 0 {
			continue
		}
		from = max(from, n-random.IntN(20))
		keep := map[vault.ID]bool{}
		for i := from; i <= n; i++ {
			keep[v.ID(secret(i))] = true
		}
		say("keeping", from)
		if err := v.Keep(keep); err != nil {
			return err
		}
		say("keep", min(from, kept+1)) // those that were put since the last Keep stay, wanted or not
		kept = n
	}
}
