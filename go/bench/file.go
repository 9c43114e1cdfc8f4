package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"

	c1zv3 "github.com/conductorone/baton-sdk/pb/c1/c1z/v3"
	formatv3 "github.com/conductorone/baton-sdk/pkg/dotc1z/format/v3"
)

// Who writes and reads the file itself: the SDK's package of that name, and the library, whose store does it.
const (
	formatV3 = "format/v3"
	library  = "libc1z"
)

// fileMeasurements are of the file around the database, on one payload: the database that libc1z wrote. The first writes
// the files that later ones read; decoding reads what encoding wrote.
var fileMeasurements = []measurement{
	{name: "payload", only: library, run: writeFiles},
	{name: "encode", run: beside(encodeFolder, saveWhole)},
	{name: "splice", run: beside(spliceFolder, saveChange)},
	{name: "decode", run: beside(decodeFile, openFile)},
	{name: "decode and compare", only: formatV3, run: decodeAndCompare},
	{name: "check frames", only: library, run: checkFrames},
	{name: "header", run: beside(readManifest, readHeader)},
}

var fileFigures = []figure{
	{"payload", "mib", "payload, MiB"},
	{"payload", "files", "… files"},
	{"encode", "mib/s", "encode, MiB of payload a second"},
	{"encode", "seconds", "… s"},
	{"encode", "cpu", "… s of processor time"},
	{"encode", "peak memory", "… peak memory of the process, MiB"},
	{"encode", "held memory", "… of which the process held before"},
	{"encode", "file", "… file, MiB"},
	{"splice", "mib/s", "encode again after one changed record, MiB of payload a second"},
	{"splice", "seconds", "… s"},
	{"splice", "cpu", "… s of processor time"},
	{"splice", "peak memory", "… peak memory of the process, MiB"},
	{"splice", "held memory", "… of which the process held before"},
	{"splice", "changed", "… files of the payload that differ"},
	{"decode", "mib/s", "decode, MiB of payload a second"},
	{"decode", "seconds", "… s"},
	{"decode", "cpu", "… s of processor time"},
	{"decode", "peak memory", "… peak memory of the process, MiB"},
	{"decode", "held memory", "… of which the process held before"},
	{"decode and compare", "mib/s", "decode, then compare SHA-256, MiB of payload a second"},
	{"decode and compare", "seconds", "… s"},
	{"decode and compare", "cpu", "… s of processor time"},
	{"check frames", "mib/s", "decode and compare, write nothing, MiB of payload a second"},
	{"check frames", "seconds", "… s"},
	{"check frames", "cpu", "… s of processor time"},
	{"header", "p50", "read the header, p50 µs"},
	{"header", "p99", "… p99"},
	{"header", "allocs/call", "… allocations"},
}

// beside is a measurement that the two take in different ways.
func beside(theirs, ours func(context.Context, task) (result, error)) func(context.Context, task) (result, error) {
	return func(ctx context.Context, at task) (result, error) {
		if at.Engine == library {
			return ours(ctx, at)
		}
		return theirs(ctx, at)
	}
}

// The files of one size. Nothing changes them but the measurement that writes them.
func (t task) original() string { return t.file("original.c1z") } // by libc1z
func (t task) changed() string  { return t.file("changed.c1z") }  // by libc1z: the original after one changed record
func (t task) foreign() string  { return t.file("foreign.c1z") }  // the original's frames under another engine's name
func (t task) packed() string   { return t.file("packed.c1z") }   // by format/v3: the original's payload
func (t task) payload() string  { return t.file("payload") }      // the original's payload, unpacked

func (t task) file(name string) string {
	return filepath.Join(t.Folder, fmt.Sprintf("%d-%s", t.N, name))
}

// repeats is how often a process measures the same call: often if it is short.
func (t task) repeats() int { return min(20, max(5, 1_000_000/t.N)) }

// series is one call, measured several times. Memory is that of the first: what a process has freed piles up.
type series struct {
	meter      meter
	seconds    []float64
	held, peak float64
}

func (s *series) measure(call func() error) error {
	debug.FreeOSMemory()
	if err := forgetPeak(); err != nil {
		return err
	}
	held, err := heldMemory()
	if err != nil {
		return err
	}
	before := s.meter.elapsed
	s.meter.start()
	err = call()
	s.meter.stop()
	if err != nil {
		return err
	}
	peak, err := peakMemory()
	if len(s.seconds) == 0 {
		s.held, s.peak = held, peak
	}
	s.seconds = append(s.seconds, (s.meter.elapsed - before).Seconds())
	return err
}

// result is of the file at path, as each call wrote or read it. Seconds are the median, the processor's time is the mean.
func (s *series) result(path string) (result, error) {
	index, err := frames(path)
	if err != nil {
		return result{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return result{}, err
	}
	return result{Values: map[string]float64{
		"seconds":     median(s.seconds),
		"cpu":         s.meter.processor.Seconds() / float64(len(s.seconds)),
		"peak memory": s.peak,
		"held memory": s.held,
		"mib/s":       mebibytes(index.GetTotalRawSize()) / median(s.seconds),
		"file":        mebibytes(info.Size()),
	}}, nil
}

// changedFiles are the payload's files at path that the original does not have, by their hashes: at times all of a small
// one, because RocksDB has merged its tables.
func (t task) changedFiles(path string) ([]string, error) {
	original, err := frames(t.original())
	if err != nil {
		return nil, err
	}
	index, err := frames(path)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, frame := range original.GetEntries() {
		known[frame.GetName()+string(frame.GetRawSha256())] = true
	}
	var changed []string
	for _, frame := range index.GetEntries() {
		if !known[frame.GetName()+string(frame.GetRawSha256())] {
			changed = append(changed, frame.GetName())
		}
	}
	if len(changed) == 0 {
		return nil, fmt.Errorf("%s: no file differs from the original's", path)
	}
	return changed, nil
}

func mebibytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func median(samples []float64) float64 {
	return slices.Sorted(slices.Values(samples))[len(samples)/2]
}

// frames is the index of the payload of the file at path.
func frames(path string) (*c1zv3.IndexedFrameIndex, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return formatv3.ReadIndexedFrameIndex(file)
}
