package postgres

import "strings"

// node walks the fields of one node of the parse tree. The list is an
// allow-list: each node on it was looked at, and a node that a later grammar
// brings is refused until somebody looks at it too.
func (w *walker) node(name string) {
	switch name { // what most trees consist of comes first, because a long list takes longer
	case "ColumnRef":
		w.skipColumn()
		return
	case "ResTarget":
		w.fields()
		return
	case "A_Expr":
		w.operator("name")
		return
	case "SelectStmt":
		w.selectStmt()
		return
	}
	switch name {
	// Names and constants: nothing in them can be executed.
	case "A_Const", "A_Star", "Alias", "BitString", "Boolean", "CTESearchClause",
		"CurrentOfExpr", "Float", "Integer", "JsonFormat", "ParamRef", "RoleSpec",
		"SQLValueFunction", "SetToDefault", "String":
		w.skip()

	// Harmless themselves, whatever is in them decides.
	case "A_ArrayExpr", "A_Indices", "A_Indirection", "BoolExpr", "BooleanTest", "CTECycleClause",
		"CaseWhen", "CoalesceExpr", "CollateClause", "ColumnDef", "CommonTableExpr", "DefElem",
		"GroupingFunc", "GroupingSet", "IndexElem", "InferClause", "JsonAggConstructor",
		"JsonArrayAgg", "JsonArrayConstructor", "JsonArrayQueryConstructor", "JsonIsPredicate",
		"JsonKeyValue", "JsonObjectAgg", "JsonObjectConstructor", "JsonOutput", "JsonReturning",
		"JsonValueExpr", "List", "MergeWhenClause", "MinMaxExpr", "MultiAssignRef", "NamedArgExpr",
		"NullTest", "OnConflictClause", "RangeFunction", "RangeSubselect", "RangeTableFunc",
		"RangeTableFuncCol", "RowExpr", "TypeCast", "WindowDef", "XmlExpr",
		"XmlSerialize":
		w.fields()

	case "SortBy":
		w.operator("useOp")
	case "SubLink":
		w.operator("operName")
	case "CaseExpr":
		w.comparing("arg")
	case "JoinExpr":
		w.join()
	case "FuncCall":
		w.funcCall()
	case "TypeName":
		w.typeName()
	case "RangeTableSample":
		w.tableSample()
	case "WithClause":
		s := w.openScope()
		w.withClause(&s)
		w.closeScope(&s)
	case "RangeVar":
		w.source()

	default:
		switch {
		case strings.HasSuffix(name, "Stmt"):
			w.statement(name)
		case w.lenient && definitionNode(name):
			w.fields()
		default:
			w.surprise()
		}
	}
}

// source meets a table outside of the places where a statement names what it
// writes. In a query it is only read; in a definition it may be changed too
// (INHERITS, REFERENCES).
func (w *walker) source() {
	if w.lenient {
		w.incomplete()
	}
	w.skip()
}

// unwrapped returns the type of a field that can only have one, and whose
// object is therefore written without its name.
func unwrapped(field string) string {
	switch field {
	case "typeName", "ofTypename":
		return "TypeName"
	case "larg", "rarg":
		return "SelectStmt"
	case "withClause":
		return "WithClause"
	case "over":
		return "WindowDef"
	case "alias", "join_using_alias":
		return "Alias"
	case "search_clause":
		return "CTESearchClause"
	case "cycle_clause":
		return "CTECycleClause"
	case "onConflictClause":
		return "OnConflictClause"
	case "infer":
		return "InferClause"
	case "format":
		return "JsonFormat"
	case "returning":
		return "JsonReturning"
	case "output":
		return "JsonOutput"
	case "constructor":
		return "JsonAggConstructor"
	case "arg", "value": // of JSON_OBJECTAGG, JSON_ARRAYAGG, JSON_OBJECT
		return "JsonValueExpr"
	case "funccall":
		return "FuncCall"
	case "collClause":
		return "CollateClause"
	case "partspec":
		return "PartitionSpec"
	case "partbound":
		return "PartitionBoundSpec"
	}
	return "unknown"
}

// definitionNode reports whether a node is harmless inside the definition of
// a table, where it names nothing else that is changed.
func definitionNode(name string) bool {
	switch name {
	case "AlterTableCmd", "Constraint", "PartitionBoundSpec", "PartitionElem", "PartitionRangeDatum",
		"PartitionSpec", "StatsElem", "VacuumRelation":
		return true
	}
	return false
}
