package c1z_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The kinds of functions, by how native.go calls them and by the header's parameters.
var signatures = map[string]string{
	"short":                 "const c1z_store *store, c1z_slice request, c1z_buffer **response, c1z_error **error",
	"long":                  "const c1z_store *store, c1z_slice request, const c1z_control *control, c1z_buffer **response, c1z_error **error",
	"scanFunction":          "const c1z_store *store, c1z_slice request, c1z_cursor **cursor, c1z_error **error",
	"C.describe_fn":         "c1z_slice request, c1z_buffer **response, c1z_error **error",
	"C.file_call_fn":        "c1z_slice request, const c1z_control *control, c1z_buffer **response, c1z_error **error",
	"of its own, a cursor":  "c1z_cursor *cursor, c1z_buffer **response, c1z_error **error",
	"of its own, of two":    "const c1z_store *store, const c1z_store *source, c1z_slice request, const c1z_control *control, c1z_buffer **response, c1z_error **error",
	"of its own, to open":   "c1z_slice request, const c1z_control *control, c1z_store **store, c1z_error **error",
	"of its own, of a host": "c1z_slice request, const c1z_host *host, const c1z_control *control, c1z_store **store, c1z_error **error",
	"C.walk_fn":             "c1z_slice request, const c1z_control *control, c1z_cursor **cursor, c1z_error **error",
}

// TestEveryFunctionOfTheHeaderIsCalledByItsSignature does what cgo leaves out: it takes any C function for any other.
func TestEveryFunctionOfTheHeaderIsCalledByItsSignature(t *testing.T) {
	header, source := text(t, "../include/c1z.h"), text(t, "native.go")
	kindOf := map[string]string{}
	for kind, parameters := range signatures {
		require.NotContains(t, kindOf, parameters)
		kindOf[parameters] = kind
	}
	called := map[string]string{}
	for _, entry := range regexp.MustCompile(`= ([\w.]+)\(C\.(c1z_\w+)[,)]`).FindAllStringSubmatch(source, -1) {
		require.NotContains(t, called, entry[2], "called twice")
		called[entry[2]] = entry[1]
	}

	declared := regexp.MustCompile(`(?m)^c1z_code (c1z_\w+)\(([^)]*)\);`).FindAllStringSubmatch(header, -1)
	require.NotEmpty(t, declared)
	var tables []string
	for _, function := range declared {
		name, parameters := function[1], strings.Join(strings.Fields(function[2]), " ")
		if !strings.Contains(parameters, "c1z_error **") {
			continue
		}
		if strings.Contains(parameters, "struct Arrow") {
			// Columns are for programs that have an Arrow library, which the SDK has not.
			require.NotContains(t, source, name)
			continue
		}
		kind, known := kindOf[parameters]
		require.True(t, known, "%s(%s)", name, parameters)
		if strings.HasPrefix(kind, "of its own") {
			require.Regexp(t, `\b`+name+`\(`, source, "the preamble does not call it")
			continue
		}
		require.Equal(t, kind, called[name], name)
		tables = append(tables, name)
	}
	for name := range called {
		require.True(t, slices.Contains(tables, name), "%s is not in the header", name)
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}
