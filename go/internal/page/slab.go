package page

// maxSlab is how many messages lie in one array at most: enough that allocations do not count, few enough that a row
// that is kept does not keep a page's worth of them.
const maxSlab = 256

// slab hands out zero values that lie side by side.
type slab[T any] struct {
	free     []T
	expected int // elements that are sure to be asked for still
	size     int // of the next array beyond those
}

func (s *slab[T]) next() *T {
	if len(s.free) == 0 {
		s.grow(1)
	}
	first := &s.free[0]
	s.free = s.free[1:]
	return first
}

// listOf is a copy of list, with no room behind it.
func (s *slab[T]) listOf(list []T) []T {
	if len(list) > len(s.free) {
		s.grow(len(list))
	}
	taken := s.free[:len(list):len(list)]
	s.free = s.free[len(list):]
	copy(taken, list)
	return taken
}

// grow replaces what is left with an array for at least the number of elements. Beyond what is expected arrays grow by
// doubling, for parts that few rows of a page have.
func (s *slab[T]) grow(least int) {
	if s.expected > 0 {
		s.free = make([]T, max(min(s.expected, maxSlab), least))
		s.expected -= len(s.free)
		return
	}
	s.free = make([]T, max(s.size, least))
	s.size = min(max(2*s.size, 4), maxSlab)
}
