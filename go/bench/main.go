// Bench compares the storage engines that baton-sdk can use, through the SDK's own interfaces, on the same made-up data:
// SQLite and Pebble, which it brings, and RocksDB; and the file that libc1z puts around RocksDB beside the SDK's package
// format/v3; and the merging and converting of files beside what the SDK has for it. It writes tables in Markdown.
//
//	go run . -n 1000,10000,100000 -rounds 3 -out performance.md
//
// Each measurement runs in a process of its own, engines take turns, and what one wrote is on the disk before the next
// starts, so that neither memory nor a slow minute of the machine nor somebody else's writes count against one of them.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type config struct {
	sizes     []int
	engines   []string
	rounds    int
	sqliteMax int
	calls     int
	people    int
	fileOnly  bool
	out       string

	merge        []string
	mergeColumns []string
	mergeScale   float64

	whole []int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if task, ok := os.LookupEnv(taskVariable); ok {
		exit(runTask(ctx, task, os.Stdout))
	}
	exit(run(ctx, parseFlags()))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func parseFlags() config {
	sizes := flag.String("n", "1000,10000,100000,1000000", "numbers of grants")
	engines := flag.String("engines", "sqlite,pebble,rocksdb", "engines to compare")
	merge := flag.String("merge", "", "only the tables of merging, of these scenarios: a,b,c,d,e")
	columns := flag.String("merge-columns", strings.Join(mergeColumns, ","), "what is compared there")
	whole := flag.String("whole", "", "only the tables of what works on whole files, with so many grants")
	c := config{}
	flag.Float64Var(&c.mergeScale, "merge-scale", 1, "the part of the scenarios' grants that is merged")
	flag.IntVar(&c.rounds, "rounds", 3, "rounds, in which what is quick is measured several times; the table has the median and, in brackets, the least and the most")
	flag.IntVar(&c.sqliteMax, "sqlite-max", 100_000, "most grants for SQLite, which takes long")
	flag.IntVar(&c.calls, "calls", 3000, "random keys that are looked up")
	flag.IntVar(&c.people, "people", 5000, "people in the organisation of the full sync; 0 leaves it out")
	flag.BoolVar(&c.fileOnly, "file", false, "only the tables of the file itself, beside the SDK's format/v3")
	flag.StringVar(&c.out, "out", "-", "file for the table; - is standard output")
	flag.Parse()
	c.engines = strings.Split(*engines, ",")
	c.merge = listed(*merge, scenarioNames())
	c.mergeColumns = listed(*columns, mergeColumns)
	c.sizes = positive(*sizes)
	if *whole != "" {
		c.whole = positive(*whole)
	}
	return c
}

// positive are the numbers of a flag.
func positive(numbers string) []int {
	var list []int
	for _, number := range strings.Split(numbers, ",") {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || flag.NArg() > 0 {
			flag.Usage()
			os.Exit(2)
		}
		list = append(list, n)
	}
	return list
}

// listed are the names of a flag, all of which have to be known.
func listed(names string, known []string) []string {
	if names == "" {
		return nil
	}
	list := strings.Split(names, ",")
	for _, name := range list {
		if !slices.Contains(known, name) {
			flag.Usage()
			os.Exit(2)
		}
	}
	return list
}

// run measures everything and writes the table.
func run(ctx context.Context, c config) error {
	folder, err := os.MkdirTemp("", "c1z-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	at := task{Calls: c.calls, Folder: folder}
	if len(c.merge) > 0 {
		merges, err := compareMerges(ctx, c, at)
		if err != nil {
			return err
		}
		return writeAll(c.out, []*report{merges})
	}
	if len(c.whole) > 0 {
		whole, err := compareWholeFiles(ctx, c, at)
		if err != nil {
			return err
		}
		return writeAll(c.out, []*report{whole})
	}
	var reports []*report
	if !c.fileOnly {
		engines, err := compareEngines(ctx, c, at)
		if err != nil {
			return err
		}
		reports = append(reports, engines)
	}
	files := newFileReport()
	for _, at.N = range c.sizes {
		if err := compare(ctx, files, fileMeasurements, files.columns, at, c.rounds); err != nil {
			return err
		}
	}
	return writeAll(c.out, append(reports, files))
}

// compareEngines measures the engines, at every size and in a full sync.
func compareEngines(ctx context.Context, c config, at task) (*report, error) {
	report := newReport(c.engines, c.people)
	for _, at.N = range c.sizes {
		engines := slices.DeleteFunc(slices.Clone(c.engines), func(engine string) bool {
			return engine == sqlite && at.N > c.sqliteMax
		})
		if err := compare(ctx, report, measurements, engines, at, c.rounds); err != nil {
			return nil, err
		}
	}
	if c.people > 0 {
		at := task{Name: fullSyncName, N: c.people, Folder: at.Folder}
		if err := compareFullSync(ctx, report, c.engines, at, c.rounds); err != nil {
			return nil, err
		}
	}
	return report, nil
}

// writeAll writes the tables to the file of that name.
func writeAll(name string, reports []*report) error {
	out := os.Stdout
	if name != "-" {
		file, err := os.Create(name)
		if err != nil {
			return err
		}
		defer file.Close()
		out = file
	}
	if _, err := fmt.Fprintln(out, machine()); err != nil {
		return err
	}
	for _, report := range reports {
		if err := report.write(out); err != nil {
			return err
		}
	}
	if name == "-" {
		return nil
	}
	return out.Close()
}

// What takes all engines less than quick is measured again, up to turns times a round: a median of few short runs says
// more of the minute than of the engine.
const (
	quick = 3 * time.Second
	turns = 5
)

// compare takes each measurement of one size for every engine, round by round. A file that is written in a round is what
// the rest of the round reads.
func compare(
	ctx context.Context, report *report, measurements []measurement, engines []string, at task, rounds int,
) error {
	for round := range rounds {
		for _, measurement := range measurements {
			for turn := range turns {
				started := time.Now()
				if err := compareOnce(ctx, report, measurement, engines, at, round, turn); err != nil {
					return err
				}
				if time.Since(started) > quick {
					break
				}
			}
		}
	}
	return nil
}

// compareOnce takes a measurement for every engine, each time starting with another one.
func compareOnce(
	ctx context.Context, report *report, measurement measurement, engines []string, at task, round, turn int,
) error {
	for i := range engines {
		at.Name, at.Engine = measurement.name, engines[(i+round+turn)%len(engines)]
		if measurement.only != "" && measurement.only != at.Engine {
			continue
		}
		result, err := startTask(ctx, at)
		if err != nil {
			return fmt.Errorf("%s of %s with %s: %w", at.Name, report.title(at.N), at.Engine, err)
		}
		fmt.Fprintf(os.Stderr, "%s, round %d: %-22s %-8s %s\n", report.title(at.N), round+1, at.Name, at.Engine, result)
		if err := report.add(at, result); err != nil {
			return err
		}
	}
	return nil
}

// compareFullSync runs the SDK's full sync with every engine, and fails if one derives other grants than another.
func compareFullSync(ctx context.Context, report *report, engines []string, at task, rounds int) error {
	for round := range rounds {
		for i := range engines {
			at.Engine = engines[(i+round)%len(engines)]
			result, err := startTask(ctx, at)
			if err != nil {
				return fmt.Errorf("full sync with %s: %w", at.Engine, err)
			}
			fmt.Fprintf(os.Stderr, "full sync, round %d: %-8s %s\n", round+1, at.Engine, result)
			if err := report.add(at, result); err != nil {
				return err
			}
		}
	}
	return nil
}
