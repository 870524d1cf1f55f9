// Calls the candidate once for each case and writes down what came of it.
package main

import (
	transloopBig_ "math/big"
	transloopOS "os"
	transloopReflect "reflect"
	transloopRuntime "runtime"
	transloopStrconv "strconv"
)

@@hoisted@@
//line harness.go:1

var (
	// The first to be made: stdin is read before any code of the candidate runs.
	transloopNonce, transloopFirst = transloopBegin()
	transloopZero                  = -1 / transloopInf
	transloopInf                   = 1 / transloopNothing
	transloopNaN                   = transloopInf - transloopInf
	transloopNothing               float64
)

//line candidate.go:1
@@code@@

//line harness.go:1000

func transloopBegin() (string, int) {
	var text []byte
	chunk := make([]byte, 256)
	for {
		count, err := transloopOS.Stdin.Read(chunk)
		text = append(text, chunk[:count]...)
		if err != nil {
			break
		}
	}
	transloopOS.Stdin.Close()
	nonce, first, second := "", 0, false
	for _, each := range string(text) {
		if each == '\n' {
			second = true
		} else if second {
			first = 10*first + int(each-'0')
		} else {
			nonce += string(each)
		}
	}
	return nonce, first
}

func transloopBig(text string) *transloopBig_.Int {
	value, _ := new(transloopBig_.Int).SetString(text, 10)
	return value
}

func transloopRecord(payload string) {
	data := []byte("\n" + transloopNonce + " " + payload + "\n")
	for len(data) > 0 {
		count, err := transloopOS.Stdout.Write(data)
		if err != nil {
			transloopOS.Exit(1)
		}
		data = data[count:]
	}
}

func transloopHex(data []byte) string {
	out := make([]byte, 0, 2*len(data))
	for _, each := range data {
		out = append(out, "0123456789abcdef"[each>>4], "0123456789abcdef"[each&15])
	}
	return "{\"b\":\"" + string(out) + "\"}"
}

func transloopText(text string) string {
	out := make([]byte, 0, len(text)+2)
	out = append(out, '"')
	for at, each := range text {
		switch {
		case each == '\uFFFD' && text[at] != 0xef:
			return transloopHex([]byte(text))
		case each == '"' || each == '\\':
			out = append(out, '\\', byte(each))
		case each < 0x20:
			out = append(out, "\\u00"...)
			out = append(out, "0123456789abcdef"[each>>4], "0123456789abcdef"[each&15])
		default:
			out = append(out, string(each)...)
		}
	}
	return string(append(out, '"'))
}

func transloopFloat(value float64, bits int) string {
	switch {
	case value != value:
		return "{\"f\":\"nan\"}"
	case value > 1.7976931348623157e308:
		return "{\"f\":\"inf\"}"
	case value < -1.7976931348623157e308:
		return "{\"f\":\"-inf\"}"
	}
	text := transloopStrconv.FormatFloat(value, 'g', -1, bits)
	for _, each := range text {
		if each == '.' || each == 'e' {
			return text
		}
	}
	return text + ".0"
}

func transloopOpaque(reason string) string {
	return "{\"?\":" + transloopText(reason) + "}"
}

// In one slice, so that a value that grows without end is given up.
func transloopShow(out []byte, value transloopReflect.Value, depth int) []byte {
	if depth > 64 {
		return append(out, transloopOpaque("it is nested too deeply, or contains itself")...)
	}
	if len(out) > 200000 {
		return append(out, "null"...)
	}
	switch value.Kind() {
	case transloopReflect.Invalid:
		return append(out, "null"...)
	case transloopReflect.Bool:
		return transloopStrconv.AppendBool(out, value.Bool())
	case transloopReflect.Int, transloopReflect.Int8, transloopReflect.Int16, transloopReflect.Int32, transloopReflect.Int64:
		return transloopStrconv.AppendInt(out, value.Int(), 10)
	case transloopReflect.Uint, transloopReflect.Uint8, transloopReflect.Uint16, transloopReflect.Uint32, transloopReflect.Uint64, transloopReflect.Uintptr:
		return transloopStrconv.AppendUint(out, value.Uint(), 10)
	case transloopReflect.Float32:
		return append(out, transloopFloat(value.Float(), 32)...)
	case transloopReflect.Float64:
		return append(out, transloopFloat(value.Float(), 64)...)
	case transloopReflect.String:
		return append(out, transloopText(value.String())...)
	case transloopReflect.Slice, transloopReflect.Array:
		if value.Type().Elem().Kind() == transloopReflect.Uint8 && value.Kind() == transloopReflect.Slice {
			return append(out, transloopHex(value.Bytes())...)
		}
		return append(transloopItems(append(out, '['), value, depth), ']')
	case transloopReflect.Map:
		return transloopMap(out, value, depth)
	case transloopReflect.Struct:
		return transloopStruct(out, value, depth)
	case transloopReflect.Interface:
		return transloopShow(out, value.Elem(), depth+1)
	case transloopReflect.Pointer:
		if value.CanInterface() {
			if big, ok := value.Interface().(*transloopBig_.Int); ok && big != nil {
				return append(out, big.String()...)
			}
		}
		return transloopShow(out, value.Elem(), depth+1)
	}
	return append(out, transloopOpaque("a "+value.Kind().String()+" has no value to compare")...)
}

func transloopItems(out []byte, value transloopReflect.Value, depth int) []byte {
	for index := 0; index < value.Len() && len(out) < 200000; index++ {
		if index > 0 {
			out = append(out, ',')
		}
		out = transloopShow(out, value.Index(index), depth+1)
	}
	return out
}

func transloopMap(out []byte, value transloopReflect.Value, depth int) []byte {
	isSet := value.Type().Elem().Kind() == transloopReflect.Struct && value.Type().Elem().NumField() == 0
	if isSet {
		out = append(out, "{\"s\":["...)
	} else {
		out = append(out, "{\"m\":["...)
	}
	for index, key := range value.MapKeys() {
		if index > 0 {
			out = append(out, ',')
		}
		if isSet {
			out = transloopShow(out, key, depth+1)
			continue
		}
		out = append(transloopShow(append(out, '['), key, depth+1), ',')
		out = append(transloopShow(out, value.MapIndex(key), depth+1), ']')
	}
	return append(out, "]}"...)
}

func transloopStruct(out []byte, value transloopReflect.Value, depth int) []byte {
	out = append(out, "{\"r\":["...)
	out = append(append(out, transloopText(value.Type().Name())...), ",["...)
	for index := 0; index < value.NumField(); index++ {
		if index > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, '['), transloopText(value.Type().Field(index).Name)...), ',')
		out = append(transloopShow(out, value.Field(index), depth+1), ']')
	}
	return append(out, "]]}"...)
}

func transloopShown(values []interface{}) []byte {
	var all []byte
	for index, each := range values {
		if index > 0 {
			all = append(all, ',')
		}
		text := transloopShow(nil, transloopReflect.ValueOf(each), 0)
		if len(text) > 60000 {
			text = []byte(transloopOpaque("it is too large to compare"))
		}
		all = append(all, text...)
	}
	return all
}

func transloopRaised(kind string, message string, line int) string {
	if len(message) > 300 {
		message = message[:300]
	}
	return "\"k\":\"raised\",\"e\":" + transloopText(kind) + ",\"m\":" + transloopText(message) + ",\"l\":" + transloopStrconv.Itoa(line)
}

// Where in the candidate's code the goroutine is.
func transloopLine() int {
	callers := make([]uintptr, 64)
	frames := transloopRuntime.CallersFrames(callers[:transloopRuntime.Callers(2, callers)])
	for {
		frame, more := frames.Next()
		if len(frame.File) >= 12 && frame.File[len(frame.File)-12:] == "candidate.go" {
			return frame.Line
		}
		if !more {
			return 0
		}
	}
}

func transloopOutcome(fallible bool, call func() []interface{}) (outcome string) {
	defer func() {
		if cause := recover(); cause != nil {
			message := ""
			switch each := cause.(type) {
			case error:
				message = each.Error()
			case string:
				message = each
			}
			outcome = transloopRaised("panic", message, transloopLine())
		}
	}()
	results := call()
	if last := len(results) - 1; fallible && last >= 0 {
		if err, ok := results[last].(error); ok && err != nil {
			return transloopRaised("error", err.Error(), 0)
		}
		results = results[:last]
	}
	text := transloopShown(results)
	if len(results) == 0 {
		text = []byte("null")
	} else if len(results) > 1 {
		text = []byte("{\"t\":[" + string(text) + "]}")
	}
	return "\"k\":\"returned\",\"v\":" + string(text)
}

func transloopPack(results ...interface{}) []interface{} { return results }

func transloopRun(index int, fallible bool, call func() []interface{}, after func() []interface{}) {
	outcome := transloopOutcome(fallible, call)
	arguments := transloopShown(after())
	transloopRecord("{\"i\":" + transloopStrconv.Itoa(index) + "," + outcome + ",\"a\":[" + string(arguments) + "]}")
}

// @@cases@@

func main() {
	transloopRecord("{\"k\":\"ready\"}")
	cases := []func(){@@calls@@ nil}
	for index := transloopFirst; index < @@count@@; index++ {
		cases[index]()
	}
	transloopRecord("done " + transloopStrconv.Itoa(@@count@@-transloopFirst+1))
}
