package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// meter counts what happens between start and stop, which may come many times.
type meter struct {
	elapsed     time.Duration
	processor   time.Duration
	allocations uint64
	bytes       uint64

	started time.Time
	used    time.Duration
	before  runtime.MemStats
}

func (m *meter) start() {
	runtime.ReadMemStats(&m.before)
	m.used = processorTime()
	m.started = time.Now()
}

func (m *meter) stop() {
	m.elapsed += time.Since(m.started)
	m.processor += processorTime() - m.used
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	m.allocations += after.Mallocs - m.before.Mallocs
	m.bytes += after.TotalAlloc - m.before.TotalAlloc
}

// values are the meter's counts for so many rows, and the process's peak memory.
func (m *meter) values(rows int) (map[string]float64, error) {
	peak, err := peakMemory()
	return map[string]float64{
		"seconds":     m.elapsed.Seconds(),
		"cpu":         m.processor.Seconds(),
		"cpu us/row":  m.processor.Seconds() * 1e6 / float64(rows),
		"us/row":      m.elapsed.Seconds() * 1e6 / float64(rows),
		"allocs/row":  float64(m.allocations) / float64(rows),
		"bytes/row":   float64(m.bytes) / float64(rows),
		"peak memory": peak,
	}, err
}

// wholeValues are the meter's counts of what is no number of rows.
func (m *meter) wholeValues() (map[string]float64, error) {
	peak, err := peakMemory()
	return map[string]float64{
		"seconds": m.elapsed.Seconds(), "cpu": m.processor.Seconds(), "peak memory": peak,
	}, err
}

// processorTime is what all threads of the process used, in user space and in the kernel.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// forgetPeak starts the count of the process's peak memory anew.
func forgetPeak() error {
	runtime.GC()
	return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// peakMemory is the most memory that the process held since forgetPeak, in MiB.
func peakMemory() (float64, error) { return statusMemory("VmHWM:") }

// heldMemory is what the process holds now, in MiB.
func heldMemory() (float64, error) { return statusMemory("VmRSS:") }

func statusMemory(name string) (float64, error) {
	kibibytes, err := procNumber("/proc/self/status", name)
	return float64(kibibytes) / 1024, err
}

// writtenBytes is what the process has handed to the system to write, in all files.
func writtenBytes() (uint64, error) { return procNumber("/proc/self/io", "wchar:") }

// procNumber is the number behind a name in a file of /proc.
func procNumber(path, name string) (uint64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(text, []byte(name))
	field := bytes.Fields(rest)
	if len(field) == 0 {
		return 0, fmt.Errorf("%s has no %s", path, name)
	}
	return strconv.ParseUint(string(field[0]), 10, 64)
}

// latencies are the quantiles of how long each of many random calls takes, in microseconds, after some that only warm up.
func latencies(keys, calls int, call func(key int) error) (map[string]float64, error) {
	random := rand.New(rand.NewPCG(1, 2))
	for range calls / 10 {
		if err := call(random.IntN(keys)); err != nil {
			return nil, err
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	took := make([]float64, 0, calls)
	for range calls {
		key := random.IntN(keys)
		start := time.Now()
		if err := call(key); err != nil {
			return nil, err
		}
		took = append(took, float64(time.Since(start).Nanoseconds())/1e3)
	}
	runtime.ReadMemStats(&after)
	slices.Sort(took)
	quantile := func(q float64) float64 { return took[min(int(q*float64(calls)), calls-1)] }
	return map[string]float64{
		"p50":         quantile(0.50),
		"p95":         quantile(0.95),
		"p99":         quantile(0.99),
		"allocs/call": float64(after.Mallocs-before.Mallocs) / float64(calls),
	}, nil
}
