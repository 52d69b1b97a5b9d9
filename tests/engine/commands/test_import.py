"""swapgate import: files as others write them become rows and cases, and what is not understood is counted."""

import base64
import json
import os
import sys
from types import SimpleNamespace

import pytest

from swapgate.commands import main
from swapgate.project.cases import read_cases
from swapgate.project.evaluation import find_set
from swapgate.project.foreign.tagged import spans
from swapgate.tasks import find_task

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")
"""A picture of one pixel."""
WAV = b"RIFF\x26\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\2\0\0\0\1\0"
"""A sound of one sample."""
CONLL = """-DOCSTART- -X- O O

EU NNP B-NP B-ORG
rejects VBZ B-VP O
German JJ B-NP B-MISC

Peter NNP B-NP I-PER
Blackburn NNP I-NP I-PER

odd NNP B-NP X-PER
"""
SQUAD = {
    "data": [
        {
            "paragraphs": [
                {
                    "context": "Ada lives in Paris.",
                    "qas": [
                        {"id": "q1", "question": "Who?", "answers": [{"text": "Ada", "answer_start": 0}] * 2},
                        {"id": "q2", "question": "Why?", "answers": [], "is_impossible": True},
                        {"id": "q3", "question": "Where?", "answers": [{"text": "Paris", "answer_start": 3}]},
                    ],
                }
            ]
        }
    ]
}
COCO = {
    "images": [{"id": one, "file_name": f"{one}.png"} for one in (1, 2, 3, 4)],
    "annotations": [
        {"image_id": 1, "bbox": [1, 2, 3, 4], "category_id": 9, "iscrowd": 0},
        {"image_id": 2, "bbox": [1, 2, 3, 4], "category_id": 9, "iscrowd": 1},
        {"image_id": 4, "bbox": [1, 2, 3, 4], "category_id": 8, "iscrowd": 0},
    ],
    "categories": [{"id": 9, "name": "cat"}],
}
PARTS = [[0, 1, "P"], [2, 3, "L"]]
ADA = {"label": "PER", "start": 0, "end": 3, "text": "Ada"}


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the command in an empty folder; gives exit status, what it says, and the rows that it wrote."""
    monkeypatch.chdir(tmp_path)

    def command(source, task, *options, out="rows.jsonl"):
        status = main(["import", source, out, "--task", task, *options])
        said = "".join(capsys.readouterr())
        path = tmp_path / out
        rows = (
            [json.loads(line) for line in path.read_text().splitlines()]
            if path.suffix == ".jsonl" and path.exists()
            else []
        )
        return status, said, rows

    return command


def write(path, content):
    """Write a file of text, bytes or JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def test_table(run, tmp_path):
    """Columns are guessed and shown; doubles, contradictions and faulty rows are counted with the first of them."""
    rows = ["review,stars", "Fine.,5", "Fine.,5", "Hm.,1", "Hm.,5", ",3", "So so.,3", "a,b,c"]
    write(tmp_path / "r.csv", "\n".join(rows))
    status, said, found = run("r.csv", "sentiment")
    assert status == 0
    assert found == [{"text": "Fine.", "expected": "5"}, {"text": "So so.", "expected": "3"}]
    assert said.splitlines() == [
        "r.csv: a table, text from review, expected from stars (guessed; say otherwise with --columns)",
        "left out, not understood: 2 rows: row 6: text: missing; mend the row · row 8: has 3 cells under 2 columns; put"
        " cells that hold what parts them in double quotes",
        "left out, said before: 1 row: row 3: 'Fine.'",
        "left out, contradicting others with the same input: 2 rows: row 4: 'Hm.' is \"1\" · row 5: 'Hm.' is \"5\"",
        "2 rows written to rows.jsonl",
    ]
    assert [case.id[:2] for case in find_set(tmp_path / "rows.jsonl", find_task("sentiment"), frozenset()).rows()] == [
        "1-",
        "2-",
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.tsv", "review\tstars\nFine.\t5\n"),
        ("r.jsonl", {"review": "Fine.", "stars": 5}),
        ("r.json", [{"review": "Fine.", "stars": 5}]),
        ("r.json", {"rows": [{"review": "Fine.", "stars": "5"}]}),
    ],
)
def test_tables_of_other_forms(run, tmp_path, name, content):
    """TSV, JSON lines and a list in a JSON file are read alike."""
    write(tmp_path / name, content)
    assert run(name, "sentiment")[2] == [{"text": "Fine.", "expected": "5"}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.csv", "text,label,rating\nFine.,,5\nHm.,neg,1\n"),
        ("r.tsv", "text\tlabel\trating\nFine.\t\t5\nHm.\tneg\t1\n"),
        ("r.jsonl", '{"text": "Fine.", "label": null, "rating": 5}\n{"text": "Hm.", "label": "neg", "rating": 1}\n'),
        ("r.jsonl", '{"text": "Fine.", "rating": 5}\n{"text": "Hm.", "label": "neg", "rating": 1}\n'),
        ("r.json", [{"text": "Fine.", "label": None, "rating": 5}, {"text": "Hm.", "label": "neg"}]),
        ("r.csv", "text,label\nFine.,\nHm.,neg\n"),
    ],
)
def test_columns_of_all_rows(run, tmp_path, name, content):
    """A column is there where any row or the header has it: a first row without a label is told, and none guessed."""
    write(tmp_path / name, content)
    status, said, rows = run(name, "sentiment")
    assert status == 0
    assert rows == [{"text": "Hm.", "expected": "neg"}]
    assert "expected from label" in said
    assert "not understood: 1 row: row " in said


def test_columns_of_all_rows_in_parquet(run, tmp_path):
    """The same of a table that has its columns in a schema."""
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = [{"text": "Fine.", "label": None, "rating": 5}, {"text": "Hm.", "label": "neg", "rating": 1}]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "d.parquet")
    assert run("d.parquet", "sentiment")[2] == [{"text": "Hm.", "expected": "neg"}]


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("r.csv", "text,expected,slice\na,pos,\nb,neg,de\n", [{}, {"slice": "de"}]),
        ("r.jsonl", '{"text": "a", "expected": "pos"}\n{"text": "b", "expected": "neg", "cluster": "x"}\n',
         [{}, {"cluster": "x"}]),
        ("r.jsonl", '{"text": "a", "expected": "pos"}\n{"text": "b", "expected": "neg", "slices": {"x": "y"}}\n',
         [{}, {"slices": {"x": "y"}}]),
    ],
)  # fmt: skip
def test_own_keys_of_later_rows(run, tmp_path, name, content, found):
    """Slices and clusters are kept where the first row has none."""
    write(tmp_path / name, content)
    rows = run(name, "sentiment")[2]
    assert [{key: one[key] for key in one.keys() - {"text", "expected"}} for one in rows] == found


@pytest.mark.parametrize(
    ("task", "rows", "kept", "words"),
    [
        ("sentiment", [{"text": "a", "label": "x"}, {"text": "a", "label": ["x"]}], 1, "said before: 1 row: row 2"),
        ("sentiment", [{"text": "a", "expected": "x", "slice": "s"}, {"text": "a", "expected": "y", "slice": "t"}], 0,
         "contradicting others with the same input: 2 rows"),
        ("sentiment", [{"text": "a", "expected": "x", "cluster": "s"}, {"text": "a", "expected": "y"}], 0,
         "contradicting others with the same input: 2 rows"),
        ("sentiment", [{"text": "a", "expected": "x", "slices": {"k": "v"}}, {"text": "a", "expected": "x"}], 1,
         "said before: 1 row: row 2"),
        ("ner", [{"text": "A B", "label": PARTS}, {"text": "A B", "label": PARTS[::-1]}], 1, "said before: 1 row"),
        ("ner", [{"text": "A B", "label": [[0, 1, "P"]]}, {"text": "A B", "label": [[0, 1, "L"]]}], 0,
         "contradicting others with the same input: 2 rows"),
    ],
)  # fmt: skip
def test_doubles_and_contradictions(run, tmp_path, task, rows, kept, words):
    """Rows are held against each other by what a model is given and by what is right, however either is written."""
    answer = [] if task == "ner" else "x"
    other = {"text": "other", **{key: answer for key in ("label", "expected") if key in rows[0]}}
    write(tmp_path / "r.json", [*rows, other])
    _, said, found = run("r.json", task)
    assert words in said
    assert len(found) == kept + 1


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        ((1, 1, 2), ["1", "1-2", "2"]),
        (("a", "a", "a-2", "a"), ["a", "a-2-2", "a-2", "a-4"]),
        (("a", "b"), ["a", "b"]),
    ],
)
def test_doubled_ids_are_named(run, tmp_path, ids, found):
    """Rows with one id keep it, the first of them, or get one of their own, which is told; all others keep theirs."""
    write(tmp_path / "r.json", [{"id": one, "text": f"t{n}", "label": "x"} for n, one in enumerate(ids)])
    _, said, rows = run("r.json", "sentiment")
    assert [row["id"] for row in rows] == found
    assert ("given another id, as theirs stands twice: " in said) == (len({*ids}) < len(ids))
    assert find_set(tmp_path / "rows.jsonl", find_task("sentiment"), frozenset()).count == len(ids)


def test_rows_without_id_beside_others(run, tmp_path):
    """Where some rows have ids they keep them, and the others get one."""
    write(tmp_path / "r.json", [{"id": "a", "text": "t", "label": "x"}, {"text": "u", "label": "x"}])
    first, second = (row["id"] for row in run("r.json", "sentiment")[2])
    assert (first, second[:2]) == ("a", "2-")


def test_columns_are_said(run, tmp_path):
    """What is said with --columns counts before a guess."""
    write(tmp_path / "r.csv", "text,label,body\nno,a,Fine.\n")
    assert run("r.csv", "sentiment", "--columns", "text=body")[2] == [{"text": "Fine.", "expected": "a"}]


def test_conll(run, tmp_path):
    """Tokens with tags become texts with entities, of IOB1 too; a sentence with another tag is told."""
    write(tmp_path / "a.conll", CONLL)
    status, said, rows = run("a.conll", "ner")
    assert status == 0
    assert [[(one["label"], one["text"]) for one in row["expected"]] for row in rows] == [
        [("ORG", "EU"), ("MISC", "German")],
        [("PER", "Peter Blackburn")],
    ]
    assert "1 row: line 10: has the tag 'X-PER'; write O" in said


def test_conll_u(run, tmp_path):
    """A text that is told as it was written places its tokens."""
    write(tmp_path / "a.conllu", "# text = Ada's here.\n1\tAda\tB-PER\n2\t's\tO\n3\there\tO\n4\t.\tO\n")
    assert run("a.conllu", "ner")[2] == [{"text": "Ada's here.", "expected": [ADA]}]


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("B-X I-X O", [(0, 3)]),
        ("B-X B-X O", [(0, 1), (2, 3)]),
        ("B-X E-X S-X", [(0, 3), (4, 5)]),
        ("B-X L-X U-X", [(0, 3), (4, 5)]),
        ("I-X I-X I-X", [(0, 5)]),
        ("S-X I-X O", [(0, 1), (2, 3)]),
        ("O O O", []),
    ],
)
def test_schemes(tags, found):
    """BIO, BIOES and BILOU, and IO, give the same spans."""
    assert [(one["start"], one["end"]) for one in spans(["a", "b", "c"], tags.split())["expected"]] == found


def test_tokens_without_spaces():
    """Tokens of writing systems without spaces are joined without any."""
    assert spans(["我", "在", "Paris", "。"], ["O"] * 4)["text"] == "我在 Paris 。"


def test_squad(run, tmp_path):
    """Questions of SQuAD keep their ids, each answer once; an offset that is wrong is told with the right one."""
    write(tmp_path / "s.json", SQUAD)
    status, said, rows = run("s.json", "question-answering")
    assert status == 0
    assert [(row["id"], row["expected"]) for row in rows] == [("q1", [{"start": 0, "text": "Ada"}]), ("q2", [])]
    assert "qas[2]: 'q3': expected 'Paris' at 3-8, where the text has ' live'; it stands at 13-18" in said


def test_coco(run, tmp_path):
    """Boxes of COCO become corners; crowds, classes without a name and pictures that are not there are told."""
    write(tmp_path / "coco.json", COCO)
    for name in (1, 2, 4):
        write(tmp_path / "images" / f"{name}.png", PNG + bytes([name]))
    status, said, rows = run("coco.json", "object-detection")
    assert status == 0
    assert rows == [{"id": "1", "image": "images/1.png", "expected": [{"label": "cat", "box": [1.0, 2.0, 4.0, 6.0]}]}]
    for words in ("image 2: has an annotation of a crowd", "image 3: no file 3.png", "image 4: an annotation is not"):
        assert words in said


def test_folders(run, tmp_path):
    """Files in a folder for each label; others are told, and pictures with the same bytes count once."""
    for name in ("cat/a.png", "cat/b.png", "dog/c.JPG", "dog/notes.txt"):
        write(tmp_path / "pics" / name, PNG + (b"" if name[0] == "c" else b"2"))
    status, said, rows = run("pics", "image-classification", out="set/rows.jsonl")
    assert status == 0
    assert [(row["image"], row["expected"]) for row in rows] == [
        ("../pics/cat/a.png", "cat"),
        ("../pics/dog/c.JPG", "dog"),
    ]
    assert "1 row: dog/notes.txt: ends in none of .png" in said
    assert "said before: 1 row: cat/b.png" in said


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("# NN O O\n1 CD O O\n", ["# 1"]),
        ("# id 7 domain=en\nAda NN O B-P\n", ["Ada"]),
        ("Ada NN O B-P\n# NN O O\n", ["Ada #"]),
        ("1996-08-22 CD I-NP O\n\n3 CD O O\n2 CD O O\n", ["1996-08-22", "3 2"]),
        ("1 CD O O\n\nAda NN O B-P\n", ["1", "Ada"]),
        ("1\tAda\tO\n2\tcame\tO\n2.1\tleft\tO\n", ["Ada came"]),
        ("# x\n1-2\tdont\t_\n1\tdo\tO\n2\tnt\tO\n\n1\t1\tO\n", ["do nt", "1"]),
    ],
)
def test_tokens_that_look_like_more(run, tmp_path, content, texts):
    """Signs and numbers are tokens, but for comments before a sentence and columns that count in all of the file."""
    write(tmp_path / "a.conll", content)
    assert [row["text"] for row in run("a.conll", "ner")[2]] == texts


def test_tag_of_no_word(run, tmp_path):
    """An entity at what is no word of the text is told."""
    write(tmp_path / "a.conllu", "1\tAda\tO\n1.1\tLee\tB-P\n\n1\tBo\tB-P\n")
    _, said, rows = run("a.conllu", "ner")
    assert [row["text"] for row in rows] == ["Bo"]
    assert "1 row: line 1: has a tag at 1.1, which is no single word" in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"annotations": [{"image_id": 99, "bbox": [1, 2, 3, 4], "category_id": 9}]},
         "1 row: annotations[0]: is of image 99, which is not in images"),
        ({"images": [{"id": 1, "file_name": "1.png"}] * 2 + [{"id": 2, "file_name": "2.png"}]},
         "2 rows: image 1: its id is that of 2 images"),
        ({"categories": [{"id": 9, "name": "cat"}, {"id": 9, "name": "dog"}]}, "the categories cat, dog have it"),
        ({"images": [7]}, "coco.json: images[0] has no id; write it"),
        ({"annotations": [{"image_id": None}]}, "coco.json: annotations[0] has no image_id; write it"),
        ({"categories": [{"id": [1], "name": "cat"}, {"id": 1}]}, "coco.json: categories[1] has no name; write it"),
    ],
)  # fmt: skip
def test_coco_that_contradicts_itself(run, tmp_path, change, words):
    """Boxes of no picture, ids that stand twice and entries of another kind are told."""
    for name in (1, 2):
        write(tmp_path / "images" / f"{name}.png", PNG + bytes([name]))
    good = {"annotations": [{"image_id": 1, "bbox": [1, 2, 3, 4], "category_id": 9}]}
    images = [{"id": one, "file_name": f"{one}.png"} for one in (1, 2)]
    write(tmp_path / "coco.json", {**COCO, **good, "images": images, **change})
    _, said, rows = run("coco.json", "object-detection")
    assert words in said
    assert [row["id"] for row in rows] == ([] if "has no" in words else ["1", "2"] if "99" in words else ["2"])


@pytest.mark.parametrize("number", ["1", 1.0])
def test_coco_ids_of_other_kinds(run, tmp_path, number):
    """An id is one whether a number or a text."""
    write(tmp_path / "1.png", PNG)
    box = {"image_id": number, "bbox": [1, 2, 3, 4], "category_id": 9}
    write(tmp_path / "coco.json", {**COCO, "images": [{"id": 1, "file_name": "1.png"}], "annotations": [box]})
    assert len(run("coco.json", "object-detection")[2][0]["expected"]) == 1


def test_folders_hold_nothing_untold(run, tmp_path):
    """Files beside the folders, folders without files and files that are no pictures are told."""
    for name, content in (("loose.png", PNG), ("cat/a.png", PNG), ("cat/bad.png", b"nope")):
        write(tmp_path / "f" / name, content)
    (tmp_path / "f" / "empty").mkdir()
    _, said, rows = run("f", "image-classification")
    assert [row["image"] for row in rows] == ["f/cat/a.png"]
    for words in ("3 rows: loose.png: lies beside", "bad.png: it is a text, and no picture", "empty/: holds no file"):
        assert words in said


def test_folders_of_parts_beside_others(run, tmp_path):
    """Parts of a data set are no labels, whatever lies beside them; a label may be called like one."""
    for name in ("f/train/cat/a.png", "f/extra/cat/b.png", "g/test/a.png", "g/rest/b.png"):
        write(tmp_path / name, PNG + name.encode())
    assert "f: holds parts of a data set (train); name one" in run("f", "image-classification")[1]
    assert [row["expected"] for row in run("g", "image-classification")[2]] == ["rest", "test"]


@pytest.mark.parametrize(
    ("said", "answers"), [(True, [{"text": "Ada", "answer_start": 0}]), ("false", []), (1, []), (False, [])]
)
def test_squad_that_contradicts_itself(run, tmp_path, said, answers):
    """A question is impossible or has answers, and says so with true or false."""
    odd = {"id": "q1", "question": "Who?", "answers": answers, "is_impossible": said}
    good = {"id": "q2", "question": "Why?", "answers": [], "is_impossible": True}
    write(tmp_path / "s.json", {"data": [{"paragraphs": [{"context": "Ada.", "qas": [odd, good]}]}]})
    _, told, rows = run("s.json", "question-answering")
    assert [row["id"] for row in rows] == ["q2"]
    assert "not understood: 1 row: data[0].paragraphs[0].qas[0]: is_impossible is " in told


@pytest.mark.parametrize("entity", [{"start": 0, "end": 4}, {"start": "0", "end": 4, "label": "P"}, [0, "4", "P"]])
def test_one_odd_entity(run, tmp_path, entity):
    """An entity of another form costs its row alone."""
    rows = [{"text": "Anna", "entities": [entity]}, {"text": "Ada came", "entities": [[0, 3, "PER"]]}]
    write(tmp_path / "r.json", rows)
    _, said, found = run("r.json", "ner")
    assert len(found) == 1
    assert "not understood: 1 row: row 1: " in said


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("X.CSV", "text,label\nt,a\n", ()),
        ("X.CSV", "text,label\nt,a\n", ("--format=csv",)),
        ("x.dat", "text,label\nt,a\n", ("--format=csv",)),
        ("x.csv", "text\tlabel\nt\ta\n", ("--format=tsv",)),
        ("x.ndjson", {"text": "t", "label": "a"}, ("--format=jsonl",)),
        ("X.JSON", [{"text": "t", "label": "a"}], ()),
        ("x.csv", "Text, LABEL\nt,a\n", ()),
    ],
)
def test_names_and_formats(run, tmp_path, name, content, options):
    """What is said counts before a name, and small and large letters are one in names of files and columns."""
    write(tmp_path / name, content)
    assert run(name, "sentiment", *options)[2] == [{"text": "t", "expected": "a"}]


@pytest.mark.parametrize(
    ("entities", "words"),
    [
        ([[0, 4, "P"], [2, 6, "L"]], "row 1: the entities at 0-4 and 2-6 overlap; keep one"),
        ([[2, 6, "L"], [0, 8, "P"]], "row 1: the entities at 0-8 and 2-6 overlap; keep one"),
        ([{"start": 0, "end": 5, "label": "P"}], "row 1: the entity 'Anna ' at 0-5 has blanks around it"),
        ([{"start": 4, "end": 8, "label": "P"}], "row 1: the entity ' Lee' at 4-8 has blanks around it"),
    ],
)
def test_places_of_entities(run, tmp_path, entities, words):
    """Entities that overlap, or have blanks at their ends, are told."""
    rows = [{"text": "Anna Lee", "entities": entities}, {"text": "A B", "entities": [[0, 1, "P"], [1, 3, "L"]][:1]}]
    write(tmp_path / "r.json", rows)
    _, said, found = run("r.json", "ner")
    assert words in said
    assert len(found) == 1


def test_sounds_with_sentences(run, tmp_path):
    """A TSV of sound files with sentences, as Common Voice has it: the files lie in a folder clips beside it."""
    write(tmp_path / "cv.tsv", 'client_id\tpath\tsentence\nx\ta.wav\tSay "hi\ny\tgone.wav\tBye.\n')
    write(tmp_path / "clips/a.wav", WAV)
    status, said, rows = run("cv.tsv", "speech-recognition")
    assert status == 0
    assert rows == [{"audio": "clips/a.wav", "expected": 'Say "hi'}]
    assert "row 3: no file gone.wav beside it; put it there, or give --files" in said


@pytest.mark.parametrize(
    ("entities", "found"),
    [
        ([[0, 3, "PER"]], [ADA]),
        ([{"start": 0, "end": 3, "label": "PER"}], [ADA]),
        ([{"start": 0, "end": 3, "type": "PER", "text": "Ada"}], [ADA]),
    ],
)
def test_entities_of_tools(run, tmp_path, entities, found):
    """Entities as tools for labelling write them: lists of start, end and label, or tables."""
    write(tmp_path / "d.jsonl", {"text": "Ada came.", "label": entities})
    assert run("d.jsonl", "ner")[2] == [{"text": "Ada came.", "expected": found}]


def test_offsets_are_checked(run, tmp_path):
    """An entity whose text does not stand where it says is told."""
    write(
        tmp_path / "d.jsonl", {"text": "Ada came.", "entities": [{"start": 1, "end": 4, "label": "P", "text": "Ada"}]}
    )
    status, said, _ = run("d.jsonl", "ner")
    assert status == 4
    assert "expected P 'Ada' at 1-4, where the text has 'da '; it stands at 0-3" in said
    assert "d.jsonl: nothing of it is understood; nothing was written" in said


LABEL = {"names": ["neg", "pos"], "_type": "ClassLabel"}
TAGS = {"feature": {"names": ["O", "B-PER"], "_type": "ClassLabel"}, "_type": "List"}
OBJECTS = {
    "bbox": {"_type": "List"},
    "category": {"feature": {"names": ["cat"], "_type": "ClassLabel"}, "_type": "List"},
}


@pytest.mark.parametrize("form", ["folder", "parquet"])
@pytest.mark.parametrize(
    ("task", "kinds", "row", "found"),
    [
        ("sentiment", {"label": LABEL}, {"text": "Fine.", "label": 1}, {"text": "Fine.", "expected": "pos"}),
        (
            "ner",
            {"ner_tags": TAGS},
            {"tokens": ["Ada", "came"], "ner_tags": [1, 0]},
            {"text": "Ada came", "expected": [ADA]},
        ),
        (
            "question-answering",
            {},
            {"question": "Who?", "context": "Ada", "answers": {"text": ["Ada"], "answer_start": [0]}},
            {"question": "Who?", "context": "Ada", "expected": [{"start": 0, "text": "Ada"}]},
        ),
        (
            "object-detection",
            {"objects": OBJECTS},
            {"image": {"bytes": PNG, "path": None}, "objects": {"bbox": [[1, 2, 3, 4]], "category": [0]}},
            {"image": "rows_files/d61c2d1e3ab7c3b2.png", "expected": [{"label": "cat", "box": [1.0, 2.0, 4.0, 6.0]}]},
        ),
    ],
    ids=["classes", "tags", "answers", "objects"],
)
def test_data_sets_of_hugging_face(run, tmp_path, form, task, kinds, row, found):
    """Folders of save_to_disk and Parquet files: names in the place of classes' numbers, files out of their bytes."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet, ipc = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow.ipc")
    table = pyarrow.Table.from_pylist([row])
    if form == "parquet":
        said = json.dumps({"info": {"features": kinds}})
        parquet.write_table(table.replace_schema_metadata({"huggingface": said}), tmp_path / "data.parquet")
    else:
        write(tmp_path / "data" / "state.json", {"_data_files": [{"filename": "data.arrow"}]})
        write(tmp_path / "data" / "dataset_info.json", {"features": kinds})
        with ipc.new_stream(str(tmp_path / "data" / "data.arrow"), table.schema) as stream:
            stream.write_table(table)
    status, told, rows = run("data.parquet" if form == "parquet" else "data", task)
    assert status == 0, told
    if "image" in found:
        (file,) = (tmp_path / "rows_files").iterdir()
        assert file.read_bytes() == PNG
        found = {**found, "image": f"rows_files/{file.name}"}
    assert rows == [found]


def test_class_without_a_name(run, tmp_path):
    """A number of a class that the features do not name is told: the -1 of hidden labels is none."""
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = pyarrow.Table.from_pylist(
        [{"text": "a", "label": -1}, {"text": "b", "label": 7}, {"text": "c", "label": 0}]
    )
    said = json.dumps({"info": {"features": {"label": LABEL}}})
    parquet.write_table(table.replace_schema_metadata({"huggingface": said}), tmp_path / "d.parquet")
    _, told, rows = run("d.parquet", "sentiment")
    assert rows == [{"text": "c", "expected": "neg"}]
    assert "left out, not understood: 2 rows: row 1: has a class" in told


def test_sample_keeps_shares(run, tmp_path):
    """A sample has of each label its share, and a seed gives the same rows again."""
    write(tmp_path / "r.csv", "text,label\n" + "".join(f"t{n},{'a' if n % 4 else 'b'}\n" for n in range(40)))
    _, _, first = run("r.csv", "sentiment", "--sample", "8")
    _, _, again = run("r.csv", "sentiment", "--sample", "8", "--force")
    _, _, other = run("r.csv", "sentiment", "--sample", "8", "--seed", "1", "--force")
    assert sorted(row["expected"] for row in first) == ["a"] * 6 + ["b"] * 2
    assert first == again != other


def test_cases(run, tmp_path):
    """A file that ends in .toml holds cases, which are read as such; ids are made fit for tests."""
    write(tmp_path / "s.json", SQUAD)
    status, said, _ = run("s.json", "question-answering", out="cases.toml")
    assert status == 0
    assert said.endswith("2 cases written to cases.toml\n")
    found = read_cases(tmp_path / "cases.toml", find_task("question-answering"))
    assert [case.id for case in found.cases] == ["q1", "q2"]


@pytest.mark.parametrize(
    "ids",
    [("A-3", "A", "a"), ("a", "A", "a "), ("a_3", "a_4", "a", "A"), ("1", "case_1", "case 1", "1!"), ("é", "è")],
)
def test_ids_of_cases_are_apart(run, tmp_path, ids):
    """As many cases are written as are told, whatever ids become when they are made fit for tests."""
    write(
        tmp_path / "r.jsonl",
        "".join(f"{json.dumps({'id': i, 'text': f't{n}', 'label': 'a'})}\n" for n, i in enumerate(ids)),
    )
    said = run("r.jsonl", "sentiment", out="cases.toml")[1]
    assert f"{len(ids)} cases written" in said
    assert len(read_cases(tmp_path / "cases.toml", find_task("sentiment")).cases) == len(ids)


@pytest.mark.parametrize(
    ("task", "row"),
    [
        ("summarization", {"article": "Ada came home late.", "highlights": 'She "came".\n'}),
        ("sentiment", {"text": "tab\there", "label": 'quo"te'}),
        ("ner", {"text": "Ada came.", "entities": [[0, 3, "PER"]]}),
    ],
)
def test_cases_of_tasks(run, tmp_path, task, row):
    """What a row may leave out, a case says; any letter comes back as it was."""
    write(tmp_path / "d.jsonl", row)
    assert run("d.jsonl", task, out="cases.toml")[0] == 0
    assert run("d.jsonl", task)[0] == 0
    (case,) = read_cases(tmp_path / "cases.toml", find_task(task)).cases
    (same,) = find_set(tmp_path / "rows.jsonl", find_task(task), frozenset()).rows()
    assert (case.input, case.expected) == (same.input, same.expected)


@pytest.mark.parametrize("out", ["rows.jsonl", "there/rows.jsonl", "there/rows.toml", "from/rows.jsonl"])
@pytest.mark.parametrize("names", [{}, {"corpus": "texts/c.jsonl"}], ids=["usual", "named"])
def test_corpora_lie_beside_the_source(run, tmp_path, monkeypatch, out, names):
    """A corpus is found beside the file of rows, wherever the command is typed, and named as seen from the output."""
    write(tmp_path / "from" / "q.jsonl", {"id": "q", "query": "Who?", "expected": "p", **names})
    passages = "".join(f"{json.dumps({'id': name, 'text': name})}\n" for name in "pq")
    write(tmp_path / "from" / names.get("corpus", "corpus.jsonl"), passages)
    (tmp_path / "there").mkdir()
    for folder in (tmp_path, tmp_path / "there"):
        monkeypatch.chdir(folder)
        where = os.path.relpath(tmp_path / out, folder)
        assert run(os.path.relpath(tmp_path / "from" / "q.jsonl", folder), "retrieval", "--force", out=where)[0] == 0
        retrieval = find_task("retrieval")
        if out.endswith(".toml"):
            (case,) = read_cases(tmp_path / out, retrieval).cases
        else:
            (case,) = find_set(tmp_path / out, retrieval, frozenset()).rows()
        assert case.given.corpus.ids == ("p", "q")


def test_corpus_that_is_not_there(run, tmp_path):
    """A corpus that does not lie beside the rows is asked for by the name that it has there."""
    write(tmp_path / "q.jsonl", {"query": "Who?", "expected": "p"})
    said = run("q.jsonl", "retrieval")[1]
    assert "no file corpus.jsonl beside it; put it there, or give --files with the folder that has it" in said


def test_part_that_is_not_taken_yet(run, tmp_path):
    """Of an object whose one part is the text another one is proposed for what is expected."""
    write(tmp_path / "a.jsonl", {"translation": {"en": "That is good.", "de": "Das ist gut."}})
    said = run("a.jsonl", "translation", "--columns=text=translation.en", "--columns=expected=translation")[1]
    assert "or take a part of it: --columns expected=translation.de" in said


@pytest.mark.parametrize("cell", ["['p', 'q']", '[""p"", ""q""]', "p; q"], ids=["pandas", "JSON", "text"])
def test_several_ids_in_a_cell(run, tmp_path, cell):
    """Several ids in a cell are read as lists in JSON or of Python, or as one text of ids that there are."""
    (tmp_path / "corpus.jsonl").write_text("".join(f'{{"id": "{one}", "text": "Of {one}."}}\n' for one in "pqr"))
    write(tmp_path / "a.csv", f'query,expected\nWhich?,"{cell}"\n')
    status, said, rows = run("a.csv", "retrieval")
    assert (status, "left out" in said, len(rows)) == (0, False, 1)


LATIN = "it is no text in UTF-8; write it in UTF-8, as in: iconv -f LATIN1 -t UTF-8 (or -f UTF-16)"


@pytest.mark.parametrize(
    ("source", "content", "task", "options", "message"),
    [
        ("a.csv", "x,y\n1,2\n", "sentiment", (), "a.csv: which columns are text and expected? there are: x, y; say"),
        ("a.csv", "text,y\n1,2\n", "sentiment", (), "a.csv: which column is expected? there are: text, y; say it with"),
        ("a.csv", "", "sentiment", (), "a.csv: its first line has no names of columns"),
        ("a.csv", "text,label\n", "sentiment", (), "a.csv: a table, and holds no rows; give a file with some"),
        ("a.csv", b"text,label\n\xff,a\n", "sentiment", (), f"a.csv: cannot be read after row 0: {LATIN}"),
        ("a.tsv", b"text\tlabel\n\xff\ta\n", "sentiment", (), f"a.tsv: cannot be read after row 0: {LATIN}"),
        ("a.jsonl", b'{"text": "\xff"}', "sentiment", (), "what is no letter of UTF-8); write it in UTF-8, as in:"),
        ("a.json", b'[{"text": "\xff"}]', "sentiment", (), f"a.json: cannot be read: {LATIN}"),
        ("a.conll", b"\xff O\n", "ner", (), f"a.conll: cannot be read: {LATIN}"),
        ("a.csv", b"BM\xff\n", "sentiment", (), f"a.csv: cannot be read after row 0: {LATIN}"),
        ("a.csv", b"PK\3\4\0\xff", "sentiment", (), "after row 0: it is a ZIP archive, and no text; unpack it"),
        ("a.conll", b"\x1f\x8b\x08\0\xff", "ner", (), "a.conll: cannot be read: it is a gzip archive, and no text;"),
        ("a.xlsx", b"PK\3\4", "sentiment", (), "a.xlsx: it is a ZIP archive, which is not read as rows; unpack it, or"),
        ("a.csv.gz", b"\x1f\x8b", "sentiment", (), "a.csv.gz: it is a gzip archive, which is not read as rows"),
        ("a.jsonl", "", "sentiment", (), "a.jsonl: JSON lines, and holds no rows; give a file with some"),
        ("a.jsonl", {"data": {"text": "t"}, "label": "a"}, "sentiment", (), "there are: data, data.text, label;"),
        ("a.json", "{", "sentiment", (), "a.json: is no JSON in UTF-8"),
        ("a.json", {"a": 1}, "sentiment", (), "a.json: is no list of objects, nor an object with one such list"),
        ("a.json", [1, 2], "sentiment", (), "2 rows: row 1: is no object, but '1'; write one a row"),
        ("a.json", {"data": [7]}, "question-answering", (), "data[0].paragraphs[0].qas[0]: is no paragraph"),
        ("a.json", {"images": []}, "object-detection", (), "a.json: has no list annotations; write it as COCO"),
        ("a.json", [], "object-detection", ("--format=coco",), "a.json: has no list images; write it as COCO"),
        ("a.json", [], "question-answering", ("--format=squad",), "a.json: has no list data; write it as SQuAD"),
        ("a.xyz", "", "ner", (), "a.xyz: its name does not tell its format; give --format, one of: csv,"),
        ("a.conll", "Ada\n", "ner", (), "has the line 'Ada' with one column; write a token and its tag a line"),
        ("a.conll", "Ada B-PER\n", "sentiment", (), "expected"),
        ("a.parquet", b"PAR1", "sentiment", (), "a.parquet: cannot be read"),
        ("pics/x.png", b"", "image-classification", ("pics",), "pics: holds no folders; put the files of each label"),
        ("pics/train/x.png", b"", "image-classification", ("pics",), "pics: holds parts of a data set (train)"),
        ("pics/a/x.png", b"", "ner", ("pics",), "pics: is a folder, and inputs of this task are no pictures or sounds"),
        ("ds/dataset_dict.json", {"splits": ["train"]}, "ner", ("ds",), "ds: holds parts of a data set (train)"),
        ("a.csv", "text,label\nt,a\n", "sentiment", ("--columns=txt=text",), "--columns txt=text: no key of a row"),
        ("a.csv", "text,label\nt,a\n", "sentiment", ("--columns=text=x",), "--columns text=x: no such column"),
        ("a.csv", "text,label\nt,a\n", "sentiment", ("--columns=text",), "--columns text: not of the form KEY=COLUMN"),
        ("a.csv", "t\na\n", "ner", ("--columns=text=t", "--columns=expected=t"), "--columns text=t and expected: what"),
        ("a.csv", "text,label\nt,a\n", "sentiment", ("--sample=2",), "--sample 2: there are 1 rows"),
        ("a.csv", "text,label\nt,a\n".encode("utf-16"), "sentiment", (), f"a.csv: cannot be read after row 0: {LATIN}"),
        ("a.csv", "text|label\nt|a\n", "sentiment", (), "there are: text|label, one column alone: part its cells"),
        ("a.conll", "", "ner", (), "a.conll: tokens with tags, one a line, and holds no rows"),
        ("a.csv", "text,label\nt,a\n", "sentiment", ("--hard=1",), "--hard needs --suite and --tier"),
        ("a.csv", "text,label\nt,a\n", "sentment", (), "--task sentment: unknown task; did you mean 'sentiment'?"),
    ],
)  # fmt: skip
def test_what_cannot_be_imported(run, tmp_path, source, content, task, options, message):
    """Whatever is wrong with a source or an option ends with a message, and nothing is written."""
    write(tmp_path / source, content)
    named = next((one for one in options if not one.startswith("--")), source)
    status, said, _ = run(named, task, *(one for one in options if one.startswith("--")))
    assert status == 4
    assert message in said
    assert "Traceback" not in said
    assert not (tmp_path / "rows.jsonl").exists()


def test_parts_of_objects(run, tmp_path):
    """A column may be a part of an object; where the whole object cannot be meant, its first part is proposed."""
    row = {"data": {"in": {"text": "t"}}, "a.b": "u", "label": {"name": "good", "id": 1}}
    write(tmp_path / "a.jsonl", row)
    for text, found in (("data.in.text", "t"), ("a.b", "u")):
        options = (f"--columns=text={text}", "--columns=expected=label.name")
        assert run("a.jsonl", "sentiment", *options, "--force")[2] == [{"text": found, "expected": "good"}]
    said = run("a.jsonl", "sentiment", "--columns=text=a.b", "--force")[1]
    assert "; mend the row, or take a part of it: --columns expected=label.name" in said
    said = run("a.jsonl", "sentiment", "--columns=text=data", "--columns=expected=label.name", "--force")[1]
    assert "text: must be a text; mend the row, or take a part of it: --columns text=data.in" in said


@pytest.mark.parametrize(
    ("task", "name", "content", "words"),
    [
        ("image-classification", "a.png", PNG[:45], "cannot be read as a picture"),
        ("image-classification", "a.jpg", WAV, "it is a WAV sound, which is not read as a picture"),
        ("audio-classification", "a.wav", WAV[:30], "its header claims 38 bytes, the file has 30"),
        ("audio-classification", "a.wav", WAV[:40] + bytes(4), "the sound is empty"),
    ],
)
def test_files_that_are_broken(run, tmp_path, task, name, content, words):
    """A file that is no whole picture or sound is told before a model is given it; the others become rows."""
    key, good = ("image", PNG) if task[0] == "i" else ("audio", WAV)
    write(tmp_path / "f" / "cat" / name, content)
    write(tmp_path / "f" / "dog" / name, good)
    _, said, rows = run("f", task)
    assert f"not understood: 1 row: cat/{name}: " in said
    assert words in said
    assert [row[key] for row in rows] == [f"f/dog/{name}"]


def test_part_beyond_its_file(run, tmp_path):
    """A part that its file has not is told."""
    write(tmp_path / "a.png", PNG)
    rows = [{"image": "a.png", "box": [0, 0, edge, 1], "expected": "one"} for edge in (1, 2)]
    write(tmp_path / "a.json", rows)
    _, said, found = run("a.json", "image-classification")
    assert "row 2: box = [0, 0, 2, 1] is no part of a picture of 1 × 1 pixels; mend the box" in said
    assert len(found) == 1


def test_extra_that_is_missing(run, tmp_path, monkeypatch):
    """Without what reads pictures none can be checked: the line to type is told."""
    write(tmp_path / "f" / "cat" / "a.png", PNG)
    monkeypatch.setattr("swapgate.core.extras.is_installed", lambda module: module != "PIL")
    status, said, _ = run("f", "image-classification")
    assert (status, said) == (
        4,
        'f: reading its files needs pillow, which is not installed; type: pip install "swapgate[vision]"\n',
    )


def test_nothing_is_overwritten(run, tmp_path):
    """A file that is there is written anew with --force alone; one of another ending is refused."""
    write(tmp_path / "r.csv", "text,label\nt,a\n")
    write(tmp_path / "rows.jsonl", "mine\n")
    assert main(["import", "r.csv", "rows.jsonl", "--task", "ner"]) == 4
    assert (tmp_path / "rows.jsonl").read_text() == "mine\n"
    assert main(["import", "r.csv", "rows.txt", "--task", "sentiment"]) == 4
    assert run("r.csv", "sentiment", "--force")[2] == [{"text": "t", "expected": "a"}]


def test_source_that_is_not_there(run):
    """A path that leads nowhere is told, without asking a hub for it."""
    assert "gone.csv: there is no such file or folder" in run("gone.csv", "ner")[1]


@pytest.fixture
def of_hub(monkeypatch):
    """A library datasets whose one data set has two parts, as far as the command asks it."""
    pyarrow = pytest.importorskip("pyarrow")

    class Part:
        features = SimpleNamespace(to_dict=lambda: {"label": LABEL})

        def with_format(self, form):
            assert form == "arrow"  # as stored: nothing is decoded
            return self

        def iter(self, _rows):
            yield pyarrow.Table.from_pylist([{"text": "Fine.", "label": 1}])

    def load(name, configuration, split):
        if name != "someone/reviews":
            raise ConnectionError("no route")
        return Part()

    library = SimpleNamespace(get_dataset_split_names=lambda name, configuration: ["train", "test"], load_dataset=load)
    monkeypatch.setitem(sys.modules, "datasets", library)


def test_data_set_of_the_hub(run, of_hub):
    """A data set by its id is read with the names of its classes, once it is said which part."""
    assert run("someone/reviews", "sentiment", "--split", "test")[2] == [{"text": "Fine.", "expected": "pos"}]
    status, said, _ = run("someone/reviews", "sentiment", out="other.jsonl")
    assert (status, said) == (4, "someone/reviews: give --split, one of: train, test\n")
    status, said, _ = run("someone/gone", "sentiment", "--split", "test", out="other.jsonl")
    assert (status, said) == (4, "someone/gone: cannot be had (ConnectionError: no route)\n")


def test_without_the_library(run, monkeypatch):
    """Where the library is not installed the message says how to install it."""
    monkeypatch.setitem(sys.modules, "datasets", None)
    status, said, _ = run("someone/reviews", "sentiment")
    assert status == 4
    assert said.endswith('needs datasets, which is not installed; type: pip install "swapgate[datasets]"\n')


@pytest.mark.parametrize("several", [False, True])
def test_hard_rows(tmp_path, monkeypatch, capsys, several):
    """The right rows on which a model leads least are taken, of labels that exclude each other and of several."""
    monkeypatch.chdir(tmp_path)
    files = {
        "serving.py": "def make():\n    return lambda texts: [[{'label': one, 'score': abs(float(text) - wrong)}"
        " for wrong, one in enumerate(('good', 'bad'))] for text in texts]\n",
        "fixtures/models/embedded.toml": f'[mood]\ntask = "text-classification"\nmulti_label = {str(several).lower()}\n'
        '[mood.original]\nmodel = "serving:make"\nlabels = { "*" = "*" }\n',
        "fixtures/mood/cases.toml": 'latency = "one"\n[[case]]\nid = "one"\ntext = "0.9"\nexpected = ["good"]\n',
    }
    answers = {"0.9": "good", "0.6": "good", "0.3": "bad", "0.7": "good", "0.45": "good"}
    rows = [{"text": text, "expected": [label] if several else label} for text, label in answers.items()]
    write(tmp_path / "rows.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert main(["import", "rows.jsonl", "hard.jsonl", "--suite=mood", "--hard=2", "--tier=original"]) == 0
    texts = [json.loads(line)["text"] for line in (tmp_path / "hard.jsonl").read_text().splitlines()]
    assert len(texts) == 2
    assert "0.6" in texts
    assert not {"0.9", "0.45"} & {*texts}  # the surest, and a wrong one
    hard = ["--suite=mood", "--tier=original"]
    assert main(["import", "rows.jsonl", "few.jsonl", *hard, "--sample=2", "--hard=3"]) == 4
    assert "--hard 3: there are 2 rows" in capsys.readouterr().err
    assert main(["import", "rows.jsonl", "few.jsonl", *hard, "--hard=5"]) == 0
    right = len((tmp_path / "few.jsonl").read_text().splitlines())
    assert f"--hard 5: of 5 rows original gets {right} right" in capsys.readouterr().out
    assert 0 < right < 5


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (
            '{ POS = "good", NEG = "bad" }',
            "no model of mood gives Good, fine, but bad, good; what is the same is told by",
        ),
        ('{ POS = "Good", NEG = "fine" }', ""),
        ('{ "*" = "*" }', ""),
    ],
)
def test_labels_of_no_model(tmp_path, monkeypatch, capsys, labels, words):
    """Labels of rows that no model of the suite gives are told, where its rows say which they give."""
    monkeypatch.chdir(tmp_path)
    row = f'[mood]\ntask = "text-classification"\n[mood.original]\nmodel = "serving:make"\nlabels = {labels}\n'
    write(tmp_path / "fixtures/models/embedded.toml", row)
    write(tmp_path / "rows.csv", "text,label\na,Good\nb,fine\n")
    assert main(["import", "rows.csv", "rows.jsonl", "--suite=mood"]) == 0
    said = capsys.readouterr().out
    assert ("no model of" in said, words in said) == (bool(words), True)


def test_names_of_columns_in_quotes(run, tmp_path):
    """What stands in quotes in the header does not tell what is between cells."""
    write(tmp_path / "a.csv", '"text, raw";label\n"a, b";good\n')
    assert run("a.csv", "sentiment", "--columns", "text=text, raw")[2] == [{"text": "a, b", "expected": "good"}]


@pytest.mark.parametrize("label", [True, 0.5, {"a": 1}])
def test_label_that_is_none(run, tmp_path, label):
    """A label that is no text is told as what it must be, and a whole number is one."""
    write(tmp_path / "a.json", [{"text": "a", "label": label}, {"text": "b", "label": 3}])
    _, said, rows = run("a.json", "sentiment")
    assert "must be a label, which is a text, or a list of them" in said
    assert rows == [{"text": "b", "expected": "3"}]


@pytest.mark.parametrize("box", [[0, 0, None, 2], [0, 0, 2], "box", None, [0, 0, "a", 1]])
def test_box_that_is_none(run, tmp_path, box):
    """A box that is no four numbers is told as it is."""
    write(tmp_path / "1.png", PNG)
    image = {"images": [{"id": 1, "file_name": "1.png"}]}
    write(tmp_path / "coco.json", {**COCO, **image, "annotations": [{"image_id": 1, "category_id": 9, "bbox": box}]})
    assert (
        f"(bbox {box}: must be left, top, width and height as numbers); mend it"
        in run("coco.json", "object-detection")[1]
    )
