package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/conductorone/baton-sdk/pkg/dotc1z"
)

func TestRunTellsWhereTheSyncWent(t *testing.T) {
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out.c1z")
			o := exampleMachine
			o.target = target{path: path, engine: string(engine)}
			var line strings.Builder
			noError(t, run(t.Context(), o, &line))
			want := path + ": engine " + string(engine) + ", "
			if !strings.HasPrefix(line.String(), want) || strings.Count(line.String(), "\n") != 1 {
				t.Errorf("got %q, want one line that starts with %q", line.String(), want)
			}
		})
	}
}

func TestRunFails(t *testing.T) {
	noPasswd, noEngine := exampleMachine, exampleMachine
	noPasswd.passwd = "none"
	noEngine.engine = "none"
	tests := []struct {
		name string
		o    options
		want error
	}{
		{"no such file", noPasswd, os.ErrNotExist},
		{"no such engine", noEngine, dotc1z.ErrEngineNotAvailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.o.path = filepath.Join(t.TempDir(), "out.c1z")
			var line strings.Builder
			if err := run(t.Context(), tt.o, &line); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if line.Len() != 0 {
				t.Errorf("printed %q", line.String())
			}
		})
	}
}
