package kill

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	keyID     = "AKIDKILL"
	keySecret = "wJalr+of/the/driver="
	region    = "us-east-1"
)

// wire is one kept connection to the Step Functions API; it signs what it sends.
type wire struct {
	address string
	conn    net.Conn
	r       *bufio.Reader
	out     []byte
	day     string
	key     []byte // of the day
}

// refusal is an error that the API answered.
type refusal struct {
	Status int
	Type   string `json:"__type"`
	Text   string `json:"message"`
}

func (r *refusal) Error() string { return r.Type + ": " + r.Text }

// refused is the code of a refusal, "" for any other error: one without an answer.
func refused(err error) string {
	var r *refusal
	if errors.As(err, &r) {
		return r.Type
	}
	return ""
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// call sends an action and reads its answer into out. An error that is no refusal
// leaves it open whether the action took place.
func (w *wire) call(action string, in map[string]any, out any) error {
	return w.callWithin(30*time.Second, action, in, out)
}

func (w *wire) callWithin(patience time.Duration, action string, in map[string]any, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	if w.conn == nil {
		if w.conn, err = net.Dial("tcp", w.address); err != nil {
			return err
		}
		w.r = bufio.NewReaderSize(w.conn, 32<<10)
	}
	answer, status, err := w.exchange(patience, action, body)
	if err != nil {
		w.close()
		return err
	}
	if status != 200 {
		r := &refusal{Status: status}
		if err := json.Unmarshal(answer, r); err != nil {
			return fmt.Errorf("status %d: %q", status, answer)
		}
		return r
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

func (w *wire) close() {
	if w.conn != nil {
		w.conn.Close()
		w.conn = nil
	}
}

func (w *wire) exchange(patience time.Duration, action string, body []byte) (answer []byte, status int, err error) {
	now := time.Now().UTC()
	stamp, target := now.Format("20060102T150405Z"), "AWSStepFunctions."+action
	if day := stamp[:8]; day != w.day {
		w.day = day
		w.key = mac(mac(mac(mac([]byte("AWS4"+keySecret), day), region), "states"), "aws4_request")
	}
	hash := sha256.Sum256(body)
	canonical := "POST\n/\n\nhost:" + w.address + "\nx-amz-date:" + stamp + "\nx-amz-target:" + target +
		"\n\nhost;x-amz-date;x-amz-target\n" + hex.EncodeToString(hash[:])
	whole := sha256.Sum256([]byte(canonical))
	scope := w.day + "/" + region + "/states/aws4_request"
	signature := mac(w.key, "AWS4-HMAC-SHA256\n"+stamp+"\n"+scope+"\n"+hex.EncodeToString(whole[:]))
	w.out = fmt.Appendf(w.out[:0], "POST / HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n"+
		"X-Amz-Date: %s\r\nX-Amz-Target: %s\r\nAuthorization: AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=host;x-amz-date;x-amz-target, Signature=%x\r\n\r\n",
		w.address, len(body), stamp, target, keyID, scope, signature)
	w.out = append(w.out, body...)
	if err := w.conn.SetDeadline(now.Add(patience)); err != nil {
		return nil, 0, err
	}
	if _, err := w.conn.Write(w.out); err != nil {
		return nil, 0, err
	}
	resp, err := http.ReadResponse(w.r, nil)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	return answer, resp.StatusCode, err
}
