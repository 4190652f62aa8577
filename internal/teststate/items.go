package teststate

import (
	"encoding/csv"
	"strings"

	"stile/asl"
	"stile/jsonval"
)

// itemData reads mapItemReaderData, the text that the Map's ItemReader would have
// found, as its ReaderConfig says. Absent where none was given.
func itemData(data *string, st *asl.State) (jsonval.Value, error) {
	if data == nil {
		return jsonval.Value{}, nil
	}
	if st.Type != asl.Map || st.Map.Distributed == nil || st.Map.Distributed.Reader == nil {
		return jsonval.Value{}, invalid("mapItemReaderData is supported for Map states with an ItemReader only")
	}
	reader := st.Map.Distributed.Reader
	switch reader.InputType {
	case "JSONL":
		var a jsonval.Array
		for line := range strings.Lines(*data) {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			v, err := jsonval.ParseString(line)
			if err != nil {
				return jsonval.Value{}, badItems("a line is not JSON")
			}
			a.Add(v)
		}
		return a.Value(), nil
	case "CSV":
		return csvItems(*data, reader)
	case "JSON", "":
		v, err := jsonval.ParseString(*data)
		if err != nil {
			return v, badItems("it is not JSON")
		}
		return v, nil
	}
	return jsonval.Value{}, badItems("items of type " + reader.InputType + " cannot be given as text")
}

func badItems(why string) error { return invalid("mapItemReaderData cannot be read: " + why) }

// delimiters by their names in ReaderConfig.
var delimiters = map[string]rune{"": ',', "COMMA": ',', "PIPE": '|', "SEMICOLON": ';', "SPACE": ' ', "TAB": '\t'}

// csvItems makes an object of each row.
func csvItems(text string, reader *asl.ItemReader) (jsonval.Value, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = delimiters[reader.CSVDelimiter], -1, true
	rows, err := r.ReadAll()
	if err != nil {
		return jsonval.Value{}, badItems("it is not CSV")
	}
	header := reader.CSVHeaders
	if reader.CSVHeaderLocation != "GIVEN" {
		if len(rows) == 0 {
			return jsonval.OfItems(), nil
		}
		header, rows = rows[0], rows[1:]
	}
	var a jsonval.Array
	for _, row := range rows {
		var o jsonval.Object
		for i, name := range header {
			if i < len(row) {
				o.AddString(name, row[i])
			}
		}
		a.Add(o.Value())
	}
	return a.Value(), nil
}
