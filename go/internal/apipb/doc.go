// Package apipb holds the Go types of the messages that only the C library's own calls take and give.
package apipb

//go:generate ../../generate.sh
