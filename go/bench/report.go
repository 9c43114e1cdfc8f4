package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	c1z "example.com/libc1z/go"
)

// figure is one line of the table: a value of one measurement.
type figure struct {
	measurement string
	value       string
	title       string
}

var figures = []figure{
	{"write", "seconds", "write all, s"},
	{"write", "us/row", "… µs a grant"},
	{"write", "cpu us/row", "… µs of processor time a grant"},
	{"write", "allocs/row", "… allocations a grant"},
	{"write", "bytes/row", "… bytes allocated a grant"},
	{"write", "peak memory", "… peak memory, MiB"},
	{"write", "file", "file, MiB"},
	{"write without digests", "file", "file of Pebble without digests, MiB"},
	{"write within 128 MiB", "seconds", "write all with a memory budget of 128 MiB, s"},
	{"write within 128 MiB", "peak memory", "… peak memory, MiB"},
	{"write shuffled", "seconds", "write all, shuffled, s"},
	{"write shuffled", "peak memory", "… peak memory, MiB"},
	{"write shuffled", "file", "… file, MiB"},
	{"read all", "open", "open, ms"},
	{"read all", "seconds", "read all, s"},
	{"read all", "us/row", "… µs a grant"},
	{"read all", "cpu us/row", "… µs of processor time a grant"},
	{"read all", "allocs/row", "… allocations a grant"},
	{"read all", "bytes/row", "… bytes allocated a grant"},
	{"read all", "peak memory", "… peak memory, MiB"},
	{"by entitlement", "p50", "grants of an entitlement (200), p50 µs"},
	{"by entitlement", "p95", "… p95"},
	{"by entitlement", "p99", "… p99"},
	{"by principal", "p50", "grants of a principal (up to 20), p50 µs"},
	{"by principal", "p95", "… p95"},
	{"by principal", "p99", "… p99"},
	{"get", "p50", "get a grant, p50 µs"},
	{"get", "p95", "… p95"},
	{"get", "p99", "… p99"},
	{"get", "allocs/call", "… allocations"},
	{"put one", "p50", "put one grant beside 3,000, p50 µs"},
	{fullSyncName, "seconds", "full sync with expansion, s"},
	{fullSyncName, "cpu", "… s of processor time"},
	{fullSyncName, "peak memory", "… peak memory, MiB"},
	{fullSyncName, "grants", "… grants in the file, the same ones"},
}

// report collects what was measured of several columns, one of which is ours.
type report struct {
	columns []string
	ours    string
	ratio   string // of ours to the least of the others: what it is called
	figures []figure
	title   func(n int) string
	sizes   []int
	samples map[string][]float64
	digests map[string]string
}

// newReport is of the engines. A full sync counts as size 0.
func newReport(engines []string, people int) *report {
	title := func(n int) string {
		if n == 0 {
			teams, _, roles := sizes(people)
			return fmt.Sprintf("Full sync: %d users, %d nested groups, %d roles", people, teams, roles)
		}
		return fmt.Sprintf("%d grants", n)
	}
	return &report{
		columns: engines, ours: string(c1z.Engine), ratio: string(c1z.Engine) + " / best other",
		figures: figures, title: title, samples: map[string][]float64{}, digests: map[string]string{},
	}
}

// newFileReport is of the file itself.
func newFileReport() *report {
	title := func(n int) string { return fmt.Sprintf("The file itself: %d grants", n) }
	return &report{
		columns: []string{formatV3, library}, ours: library, ratio: library + " / " + formatV3,
		figures: fileFigures, title: title, samples: map[string][]float64{}, digests: map[string]string{},
	}
}

func key(measurement, value, column string, n int) string {
	return fmt.Sprint(measurement, "/", value, "/", column, "/", n)
}

// add fails if what was measured came to something else than in another column.
func (r *report) add(at task, measured result) error {
	if at.Name == fullSyncName {
		at.N = 0
	}
	if !slices.Contains(r.sizes, at.N) {
		r.sizes = append(r.sizes, at.N)
	}
	for name, value := range measured.Values {
		k := key(at.Name, name, at.Engine, at.N)
		r.samples[k] = append(r.samples[k], value)
	}
	of := fmt.Sprint(at.Name, "/", at.N)
	if first, known := r.digests[of]; known && first != measured.Digest {
		return fmt.Errorf("%s of %s with %s: the grants differ from those of another", at.Name, r.title(at.N), at.Engine)
	}
	r.digests[of] = measured.Digest
	return nil
}

// write writes one table for each size.
func (r *report) write(out io.Writer) error {
	var text strings.Builder
	for _, n := range r.sizes {
		fmt.Fprintf(&text, "\n## %s\n\n| | %s | %s |\n|---|%s---|\n",
			r.title(n), strings.Join(r.columns, " | "), r.ratio, strings.Repeat("---|", len(r.columns)))
		for _, f := range r.figures {
			r.line(&text, f, n)
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// line writes a figure's line, if it was measured.
func (r *report) line(out io.Writer, f figure, n int) {
	ours, best, measured := 0.0, 0.0, false
	cells := make([]string, 0, len(r.columns))
	for _, column := range r.columns {
		samples := slices.Sorted(slices.Values(r.samples[key(f.measurement, f.value, column, n)]))
		if len(samples) == 0 {
			cells = append(cells, "")
			continue
		}
		measured = true
		median := samples[len(samples)/2]
		cells = append(cells, spread(samples[0], median, samples[len(samples)-1]))
		if column == r.ours {
			ours = median
		} else if best == 0 || median < best {
			best = median
		}
	}
	if !measured {
		return
	}
	ratio := ""
	if ours > 0 && best > 0 {
		ratio = fmt.Sprintf("%.2f", ours/best)
	}
	fmt.Fprintf(out, "| %s | %s | %s |\n", f.title, strings.Join(cells, " | "), ratio)
}

func spread(least, median, most float64) string {
	if least == most {
		return number(median)
	}
	return fmt.Sprintf("%s (%s..%s)", number(median), number(least), number(most))
}

func number(value float64) string {
	switch {
	case value >= 100:
		return fmt.Sprintf("%.0f", value)
	case value >= 10:
		return fmt.Sprintf("%.1f", value)
	default:
		return fmt.Sprintf("%.3g", value)
	}
}

// components are the modules whose versions matter.
var components = map[string]string{
	"github.com/conductorone/baton-sdk": "baton-sdk",
	"github.com/cockroachdb/pebble/v2":  "Pebble",
	"modernc.org/sqlite":                "modernc.org/sqlite",
}

// machine says what the figures were measured on.
func machine() string {
	versions := []string{runtime.Version(), "libc1z " + c1z.Version()}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, module := range build.Deps {
			if name, ok := components[module.Path]; ok {
				versions = append(versions, name+" "+module.Version)
			}
		}
	}
	return fmt.Sprintf("%s, %d processors, %s; %s. Median of the rounds, least and most in brackets.",
		processor(), runtime.NumCPU(), kernel(), strings.Join(versions, ", "))
}

func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	_, rest, _ := bytes.Cut(info, []byte("model name"))
	name, _, _ := bytes.Cut(rest, []byte("\n"))
	return strings.Trim(string(name), "\t :")
}

func kernel() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return runtime.GOOS
	}
	return "Linux " + strings.TrimSpace(string(release))
}
