package c1z

// Kinds of losses that the library does not tell of.
const (
	lostSourceCache = "SOURCE_CACHE"
	lostSync        = "SYNC"
	lostNamedValue  = "NAMED_VALUE"
	lostSyncID      = "SYNC_ID"
	lostTimes       = "SYNC_TIMES"
	lostCompacted   = "COMPACTED"
	lostParent      = "PARENT"
	lostGraph       = "GRAPH"
	lostDiscovery   = "DISCOVERED_AT"
	lostScope       = "SCOPE"
	lostNotPending  = "NOT_PENDING"
	lostSameID      = "SAME_ID"
	lostEmptyAsset  = "EMPTY_ASSET"
)

// How many losses of one kind and table are told in words.
const lossExamples = 20

// lossList counts losses. Its zero value is none.
type lossList struct{ list []ConvertLoss }

// add notes so many that have one example.
func (l *lossList) add(kind, table string, count int64, example string) {
	if count > 0 {
		l.addAll([]ConvertLoss{{kind, table, count, []string{example}}})
	}
}

// addAll takes over what others have counted.
func (l *lossList) addAll(losses []ConvertLoss) {
	for _, loss := range losses {
		known := l.of(loss.Kind, loss.Table)
		known.Count += loss.Count
		room := max(0, lossExamples-len(known.Examples))
		known.Examples = append(known.Examples, loss.Examples[:min(room, len(loss.Examples))]...)
	}
}

func (l *lossList) of(kind, table string) *ConvertLoss {
	for i := range l.list {
		if l.list[i].Kind == kind && l.list[i].Table == table {
			return &l.list[i]
		}
	}
	l.list = append(l.list, ConvertLoss{Kind: kind, Table: table})
	return &l.list[len(l.list)-1]
}
