package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	c1zv3 "github.com/conductorone/baton-sdk/pb/c1/c1z/v3"
	formatv3 "github.com/conductorone/baton-sdk/pkg/dotc1z/format/v3"
)

// writeEnvelope writes a file as the SDK's store saves one: beside its place, to the disk, into its place.
func writeEnvelope(
	path string, manifest *c1zv3.C1ZManifestV3, payload string, reuse *formatv3.PayloadReuse,
) (formatv3.SpliceStats, error) {
	out, err := os.Create(path + ".tmp")
	if err != nil {
		return formatv3.SpliceStats{}, err
	}
	defer out.Close()
	stats, err := formatv3.WriteEnvelopeWithReuse(out, manifest, payload, reuse)
	if err != nil {
		return stats, err
	}
	if err := out.Sync(); err != nil {
		return stats, err
	}
	return stats, os.Rename(out.Name(), path)
}

// unpack unpacks the file at path into an empty folder.
func unpack(path, folder string) (*formatv3.PayloadReuse, error) {
	if err := os.RemoveAll(folder); err != nil {
		return nil, err
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return nil, err
	}
	return extract(path, folder)
}

func extract(path, folder string) (*formatv3.PayloadReuse, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	_, reuse, err := formatv3.ExtractEnvelopePayload(file, folder)
	return reuse, err
}

// manifestOf is all of the manifest of the file at path.
func manifestOf(path string) (*c1zv3.C1ZManifestV3, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	envelope, err := formatv3.ReadEnvelope(file)
	if err != nil {
		return nil, err
	}
	return envelope.Manifest, envelope.Close()
}

// unpackOriginal makes the payload, and the foreign file.
func (t task) unpackOriginal() error {
	reuse, err := unpack(t.original(), t.payload())
	if err != nil {
		return err
	}
	foreign, err := manifestOf(t.original())
	if err != nil {
		return err
	}
	foreign.SetEngine("another")
	_, err = writeEnvelope(t.foreign(), foreign, t.payload(), reuse)
	return err
}

// encodeFolder packs the original's payload.
func encodeFolder(_ context.Context, at task) (result, error) {
	manifest, err := manifestOf(at.original())
	if err != nil {
		return result{}, err
	}
	var s series
	for range at.repeats() {
		if err := os.RemoveAll(at.packed()); err != nil {
			return result{}, err
		}
		err := s.measure(func() error {
			_, err := writeEnvelope(at.packed(), manifest, at.payload(), nil)
			return err
		})
		if err != nil {
			return result{}, err
		}
	}
	return s.result(at.packed())
}

// spliceFolder packs the payload of the changed file with the original's frames at hand.
func spliceFolder(_ context.Context, at task) (result, error) {
	before, after := at.file("before"), at.file("after")
	defer os.RemoveAll(before)
	defer os.RemoveAll(after)
	reuse, err := unpack(at.original(), before)
	if err != nil {
		return result{}, err
	}
	if _, err := unpack(at.changed(), after); err != nil {
		return result{}, err
	}
	changed, err := at.changedFiles(at.changed())
	if err != nil {
		return result{}, err
	}
	if err := linkOthers(before, after, changed); err != nil {
		return result{}, err
	}
	manifest, err := manifestOf(at.changed())
	if err != nil {
		return result{}, err
	}
	path := at.file("respliced.c1z")
	var s series
	for range at.repeats() {
		var stats formatv3.SpliceStats
		err := s.measure(func() (err error) {
			stats, err = writeEnvelope(path, manifest, after, reuse)
			return err
		})
		if err != nil {
			return result{}, err
		}
		if stats.EncodedFrames != len(changed) {
			return result{}, fmt.Errorf("%d frames were encoded, not %d", stats.EncodedFrames, len(changed))
		}
	}
	measured, err := s.result(path)
	if err != nil {
		return result{}, err
	}
	measured.Values["changed"] = float64(len(changed))
	return measured, nil
}

// linkOthers makes all but the changed files links to those before, as they are in a checkpoint of a database.
func linkOthers(before, after string, changed []string) error {
	isChanged := map[string]bool{}
	for _, name := range changed {
		isChanged[name] = true
	}
	files, err := os.ReadDir(after)
	if err != nil {
		return err
	}
	for _, file := range files {
		if isChanged[file.Name()] {
			continue
		}
		path := filepath.Join(after, file.Name())
		if err := os.Remove(path); err != nil {
			return err
		}
		if err := os.Link(filepath.Join(before, file.Name()), path); err != nil {
			return err
		}
	}
	return nil
}

func decodeFile(_ context.Context, at task) (result, error) {
	return decode(at, func(string) error { return nil })
}

// decodeAndCompare compares the unpacked files with the SHA-256 that the file has of each, which format/v3 leaves to the
// caller.
func decodeAndCompare(_ context.Context, at task) (result, error) {
	return decode(at, func(folder string) error {
		index, err := frames(at.packed())
		if err != nil {
			return err
		}
		var group errgroup.Group
		group.SetLimit(runtime.NumCPU())
		for _, frame := range index.GetEntries() {
			group.Go(func() error {
				sum, err := sha256Of(filepath.Join(folder, frame.GetName()))
				if err == nil && !bytes.Equal(sum, frame.GetRawSha256()) {
					err = fmt.Errorf("%s: another SHA-256", frame.GetName())
				}
				return err
			})
		}
		return group.Wait()
	})
}

func sha256Of(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	hash := sha256.New()
	_, err = io.Copy(hash, file)
	return hash.Sum(nil), err
}

// decode unpacks what format/v3 packed, and does something more with it.
func decode(at task, then func(folder string) error) (result, error) {
	folder := at.file("unpacked")
	defer os.RemoveAll(folder)
	var s series
	for range at.repeats() {
		if err := os.RemoveAll(folder); err != nil {
			return result{}, err
		}
		if err := os.Mkdir(folder, 0o755); err != nil {
			return result{}, err
		}
		err := s.measure(func() error {
			if _, err := extract(at.packed(), folder); err != nil {
				return err
			}
			return then(folder)
		})
		if err != nil {
			return result{}, err
		}
	}
	return s.result(at.packed())
}

// readManifest reads what readHeader does, but for the hash of the manifest.
func readManifest(_ context.Context, at task) (result, error) {
	return headers(at, func() error {
		file, err := os.Open(at.original())
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = formatv3.ReadManifestHeader(file)
		return err
	})
}
