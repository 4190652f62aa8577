package maprun

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"stile/internal/sfn"
)

// ChildARN names a Map Run's nth child: always the same, so that a start that is
// repeated after a crash finds its own child.
func ChildARN(runARN string, index int64, express bool) string {
	a, _ := sfn.ParseARN(runARN)
	a.Kind, a.Sub = "execution", childUUID(runARN, index, "name")
	if express {
		a.Kind, a.Sub = "express", a.Sub+":"+childUUID(runARN, index, "express")
	}
	return a.String()
}

// childUUID is a UUID of version 8: made of what it names.
func childUUID(runARN string, index int64, purpose string) string {
	m := hmac.New(sha256.New, []byte("stile map run child "+purpose))
	m.Write(binary.BigEndian.AppendUint64([]byte(runARN), uint64(index)))
	b := m.Sum(nil)
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
