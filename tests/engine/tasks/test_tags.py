"""How the tags of models are read: schemes, outside classes, classes without names, words, letters in pieces."""

import itertools

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from swapgate.core.faults import SurroundingsFault
from swapgate.outputs import invalid
from swapgate.outputs.prediction import to_json
from swapgate.tasks import ner as task
from swapgate.tasks.settings import label_line
from swapgate.tasks.task import Loaded

TEXTS = [
    "Johanson of Siemens-Healthineers met Müller in Rome.",
    "In Aix-en-Provence, O'Neill's unaffordable house",
    "rain",
    "Annie  Lee, unhappiness; Rome!\nParis",
    "It's 12.5 km from Neustadt/Weinstraße to Bad Dürkheim (A650).",
]
SPECIAL = {"pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>"}
UNKNOWN = {"unk_token": "<unk>"}
SAME = {"*": "*"}
LIKE_TAGS = "{}: read as labels, not as tags, which they look like; where they are, map them to tags"


def tokenizer(kind):
    """Return a fast tokenizer of one of the three kinds that there are, trained on a few words."""
    from transformers import PreTrainedTokenizerFast

    words = [text[at : at + 9] for text in TEXTS for at in range(0, len(text), 4)]
    if kind == "word pieces":
        made = Tokenizer(models.WordPiece(**UNKNOWN))
        made.normalizer, made.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(vocab_size=90, special_tokens=[*SPECIAL.values()], show_progress=False)
    elif kind == "bytes":
        made = Tokenizer(models.BPE())
        made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=320, special_tokens=[*SPECIAL.values()], initial_alphabet=alphabet, show_progress=False
        )
    else:
        made = Tokenizer(models.Unigram())
        made.pre_tokenizer, made.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
        trainer = trainers.UnigramTrainer(
            **UNKNOWN, vocab_size=90, special_tokens=[*SPECIAL.values()], show_progress=False
        )
    made.train_from_iterator(words, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=made, **SPECIAL)


def tagger(kind, labels, seed=0):
    """Return a model of random weights that gives all tags to some pieces, with a tokenizer of a kind."""
    import torch
    from transformers import BertConfig, BertForTokenClassification

    reader = tokenizer(kind)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(reader),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        pad_token_id=0,
        id2label=dict(enumerate(labels)),
    )
    model = BertForTokenClassification(config).eval()
    with torch.no_grad():
        model.classifier.weight *= 60
    return Loaded(model, reader)


def entities(loaded, row, texts=TEXTS):
    """Return label, text, start and end of the entities of each text, given alone."""
    found = [task.predict(loaded, [text], row)[0] for text in texts]
    assert all(invalid(one, "") == [] for one in found)
    return [[(e.label, e.start, e.end) for e in one.entities] for one in found], [
        e.score for one in found for e in one.entities
    ]


@pytest.mark.filterwarnings("ignore:Tokenizer does not support real words:UserWarning")
@pytest.mark.parametrize("kind", ["word pieces", "bytes", "unigrams"])
@pytest.mark.parametrize("aggregation", ["simple", "first", "average", "max"])
def test_equal_to_the_pipeline(kind, aggregation):
    """Entities and scores are those of transformers' pipeline, whatever pieces there are; spaces are trimmed."""
    import transformers

    loaded = tagger(kind, ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "MISC"])
    pipeline = transformers.pipeline(
        "token-classification", model=loaded.model, tokenizer=loaded.reader, aggregation_strategy=aggregation
    )
    ours, scores = entities(loaded, task.NerSettings(labels=SAME, aggregation=aggregation))
    theirs = [pipeline.aggregate_overlapping_entities(pipeline(text)) for text in TEXTS]
    assert sum(map(len, ours)) > 10  # a trainer of unigrams does not write the same pieces each time
    trimmed = [
        [(e["entity_group"], e["end"] - len(text[e["start"] : e["end"]].lstrip()), e["end"]) for e in found]
        for text, found in zip(TEXTS, theirs, strict=True)
    ]
    assert ours == trimmed
    assert scores == pytest.approx([float(e["score"]) for e in itertools.chain(*theirs)], abs=1e-6)


@pytest.mark.parametrize(
    ("tags", "scheme", "keys"),
    [
        ("O B-PER I-PER", "BIO", "PER PER"),
        ("O I-PER I-LOC", "IO", "PER LOC"),
        ("O PER LOC", "IO", "PER LOC"),
        ("O B-PER B-LOC", "BIO", "PER LOC"),
        ("O B-PER I-PER E-PER S-PER S-LOC", "BIOES", "PER PER PER PER LOC"),
        ("O B-PER I-PER L-PER U-PER", "BILOU", "PER PER PER PER"),
        ("O B-PER M-PER E-PER S-PER", "BMES", "PER PER PER PER"),
        ("O I-PER E-PER", "BIOES", "PER PER"),
        ("O B_PER I_PER E_PER S_PER", "BIOES", "PER PER PER PER"),
        ("O PER-B PER-I", "BIO", "PER PER"),
        ("O PS_B PS_I geo-loc_B geo-loc_I", "BIO", "PS PS geo-loc geo-loc"),
        ("O B-geo-loc I-geo-loc", "BIO", "geo-loc geo-loc"),
        ("O E-mail S-Bahn U-boat", "IO", "E-mail S-Bahn U-boat"),
        ("O B-PER I-PER E-mail", "BIO", "PER PER E-mail"),
        ("B-PER I-PER NONE", "BIO", "PER PER"),
        ("0 PER-B PER-I", "BIO", "PER PER"),
        ("O B:PER I:PER B:LOC", "BIO", "PER PER LOC"),
        ("O PER|B PER|I", "BIO", "PER PER"),
        ("O B.PER I.PER E.PER S.PER", "BIOES", "PER PER PER PER"),
        ("O b-per i-per b-loc", "BIO", "per per loc"),
        ("O per_b per_i per_l per_u", "BILOU", "per per per per"),
        ("O e-mail s-bahn b-cell", "IO", "e-mail s-bahn b-cell"),
        ("O,B PER,I PER,B LOC", "BIO", "PER,PER,LOC"),
        ("O,PER B,PER I,PER E,PER S", "BIOES", "PER,PER,PER,PER"),
        ("O,geo loc B,geo loc I", "BIO", "geo loc,geo loc"),
        ("O (B-PER) (I-PER) (U-PER) (L-PER)", "BILOU", "PER PER PER PER"),
        ("O [PER:B] [PER:I]", "BIO", "PER PER"),
        ("O BEG-PER INT-PER END-PER SINGLE-LOC", "BIOES", "PER PER PER LOC"),
        ("O START-PER CONT-PER", "BIO", "PER PER"),
        ("O PER_start PER_continue", "BIO", "PER PER"),
        ("O PER_Begin PER_Inside PER_Last", "BILOU", "PER PER PER"),
        ("O B–PER I–PER", "BIO", "PER PER"),
        ("O,B vitamins,I beams,iron", "IO", "B vitamins,I beams,iron"),
        ("O S-phase M-phase", "IO", "S-phase M-phase"),
        ("O,S phase,M phase", "IO", "S phase,M phase"),
        ("O BEGIN_DATE END_DATE", "IO", "BEGIN_DATE END_DATE"),
        ("O BOS EOS BAND", "IO", "BOS EOS BAND"),
        ("O B_PER I_PER BEGIN_DATE END_DATE", "BIO", "PER PER BEGIN_DATE END_DATE"),
    ],
)
def test_scheme_is_told_from_the_tags(tags, scheme, keys):
    """Which letters of tags are no part of their labels is told from the labels, and what is outside from the rest."""
    between = "," if "," in tags else " "
    names, row = tags.split(between), task.NerSettings(labels=SAME)
    found = task.read_tags(names, row)
    assert (found.scheme, between.join(tag.key for tag in found.tags if tag.key)) == (scheme, keys)
    assert found.outside == next(tag for tag in names if tag in ("O", "NONE", "0"))
    assert row.label_keys(names) == keys.split(between)


@pytest.mark.parametrize(
    ("tags", "shown", "line"),
    [
        (
            "O,B PER,I-PER,B LOC,BORG",
            '"B PER", "I-PER"',
            '"B PER" = "B-PER", "I-PER" = "I-PER", "B LOC" = "B-LOC", "BORG" = "BORG"',
        ),
        ("O,BPER,IPER,LOC", '"BPER", "IPER"', '"BPER" = "B-PER", "IPER" = "I-PER", "LOC" = "LOC"'),
        ("O,PER(B),PER(I)", '"PER(B)", "PER(I)"', '"PER(B)" = "B-PER", "PER(I)" = "I-PER"'),
        (
            "O,B-PER,I-PER,B_LOC,I_LOC",
            '"B_LOC", "I_LOC", "B-PER", …',
            '"B-PER" = "B-PER", "I-PER" = "I-PER", "B_LOC" = "B-LOC", "I_LOC" = "I-LOC"',
        ),
        (
            "O,B--PER,I#PER,E-PER,S-PER",
            '"I#PER", "E-PER", "S-PER", …',
            '"B--PER" = "B-PER", "I#PER" = "I-PER", "E-PER" = "E-PER", "S-PER" = "S-PER"',
        ),
    ],
)
def test_tags_of_no_one_way(tags, shown, line):
    """Labels that look like tags and are not all written alike are refused; what the message says to write is read."""
    import tomllib

    names = tags.split(",")
    with pytest.raises(SurroundingsFault) as caught:
        task.NerSettings(labels=SAME).label_keys(names)
    assert f"labels {shown}" in str(caught.value)
    assert f'which each is: labels = {{ {line} }}, or tags = "IO" where each is a label of its own' in str(caught.value)
    assert task.NerSettings().own_labels(names) == f"labels = {{ {line} }}"
    row = task.NerSettings(**tomllib.loads(f"labels = {{ {line} }}"))
    assert row.label_keys(names) == names[1:]
    assert [tag.label for tag in task.read_tags(names, row).tags[1:3]] == ["PER", "PER"]
    assert row.given >= {"PER", *(["LOC"] if "LOC" in tags else [])}
    own = task.NerSettings(labels=SAME, tags="IO")
    assert own.label_keys(names)


@pytest.mark.parametrize(
    ("tags", "labels"),
    [
        ("O|ner:B-PER|ner:I-PER", "ner-PER ner-PER"),
        ("O|x.B.PER|x.I.PER|x.B.LOC", "x-PER x-PER x-LOC"),
        ("O|B-PER|I-PER|M-LOC|E-LOC", "PER PER LOC LOC"),
        ("O|B-PER|M-LOC|E-LOC", "PER LOC LOC"),
        ("O|B-PER|I-PER|U-PER|E-PER", "PER PER PER PER"),
        ("O|B-PER |I-PER ", "PER PER"),
        ("O|B-PER|B-LOC ", "PER LOC"),
        ("O| PER-B| PER-I", "PER PER"),
        ("O|B  PER|I  PER", "PER PER"),
        ("O|B->PER|I->PER", "PER PER"),
        ("O|PER<-B|PER<-I", "PER PER"),
        ("O|I->PER|I->LOC", "PER LOC"),
        ("O|B--PER|I--PER", "PER PER"),
    ],
)
def test_tags_that_would_be_labels(tags, labels):
    """Letters of no scheme with the others', words before them, and stray marks and blanks are refused with a line that
    is read as tags.
    """
    import tomllib

    names = tags.split("|")
    with pytest.raises(SurroundingsFault) as caught:
        task.NerSettings(labels=SAME).label_keys(names)
    line = str(caught.value).split("which each is: ")[1].split(", or tags")[0]
    row = task.NerSettings(**tomllib.loads(line))
    assert row.label_keys(names) == names[1:]
    found = task.read_tags(names, row)
    assert [tag.label for tag in found.tags] == ["", *labels.split()]
    assert all(tag.role in task.SCHEMES[found.scheme] for tag in found.tags)
    assert task.NerSettings(labels=SAME, tags="IO").label_keys(names)


def grouped(best, of, **row):
    """Return the entities of "Ann Lee, Rome", one piece a word, where these tags are best."""
    read = task.read_tags(of.split(), task.NerSettings(**{"labels": SAME, **row})).tags
    scores = [[0.9 if tag == name else 0.1 / len(read) for name in of.split()] for tag in best.split()]
    found = task.group("Ann Lee, Rome", scores, [(0, 3), (4, 7), (7, 8), (9, 13)], read)
    return " ".join(f"{one.label}:{one.start}-{one.end}" for one in found.entities)


BIOES = "O B-PER I-PER E-PER S-PER B-LOC I-LOC E-LOC S-LOC"
BILOU = BIOES.replace("E-", "L-").replace("S-", "U-")


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("B-PER E-PER O S-LOC", "PER:0-7 LOC:9-13"),
        ("S-PER S-PER O S-LOC", "PER:0-3 PER:4-7 LOC:9-13"),
        ("B-PER I-PER I-PER E-PER", "PER:0-13"),
        ("E-PER I-PER O O", "PER:0-3 PER:4-7"),
        ("S-PER I-PER E-PER O", "PER:0-3 PER:4-8"),
        ("I-PER E-PER B-PER O", "PER:0-7 PER:7-8"),
        ("E-PER E-PER E-LOC O", "PER:0-3 PER:4-7 LOC:7-8"),
        ("B-PER E-LOC O O", "PER:0-3 LOC:4-7"),
    ],
)
def test_entities_of_schemes(tags, expected):
    """An entity ends where its tag says so, and the next one begins, as seqeval reads BIOES and BILOU."""
    assert grouped(tags, BIOES) == expected
    assert grouped(tags.replace("E-", "L-").replace("S-", "U-"), BILOU) == expected
    for between in "_:/|.":
        assert grouped(tags.replace("-", between), BIOES.replace("-", between)) == expected
    assert grouped(tags.lower(), BIOES.lower(), outside="o") == expected.lower()
    assert grouped(tags.replace("I-", "M-"), BIOES.replace("I-", "M-")) == expected


def test_scheme_of_a_row():
    """What a row says counts, whatever the labels look like."""
    assert grouped("B-cell B-cell O T-cell", "O B-cell T-cell", tags="IO") == "B-cell:0-7 T-cell:9-13"
    assert grouped("S-PER S-PER O O", "O S-PER S-LOC", tags="BIOES") == "PER:0-3 PER:4-7"
    assert grouped("S-PER S-PER O O", "O S-PER S-LOC") == "S-PER:0-7"


def test_outside_of_a_row():
    """A class of another name is outside where the row says so, and each piece is an entity where none is."""
    assert grouped("PER PER NONE LOC", "NONE PER LOC", outside="NONE") == "PER:0-7 LOC:9-13"
    assert grouped("PER PER NONE LOC", "NONE PER LOC") == "PER:0-7 NONE:7-8 LOC:9-13"


@pytest.mark.parametrize(
    ("names", "tags"), [("B-PER I-PER NONE", "B-PER, I-PER, NONE"), ("O B-PER NONE", "O, B-PER, NONE")]
)
@pytest.mark.parametrize("outside", ["NNE", "none", "PER"])
def test_outside_that_is_no_tag(names, tags, outside):
    """An outside of a row that the model has not is refused with the tags that it has, and not read as none."""
    words = f'outside = "{outside}" of its row is none of its tags: {tags}; write the one that is no entity, or leave'
    with pytest.raises(SurroundingsFault, match=words):
        task.NerSettings(labels=SAME, outside=outside).label_keys(names.split())


@pytest.mark.parametrize(
    "labels", [{"B": "PER", "I": "PER"}, {"B": "B-PER", "I": "I-PER", "O": "O"}, {"1": "PER", "2": "I-PER"}]
)
def test_letters_alone(labels):
    """Tags that are letters without a label are mapped to one, or to whole tags, and an entity begins at each B."""
    assert grouped("B I B O", "O B I", labels=labels) == "PER:0-7 PER:7-8"


def test_letters_alone_are_to_be_mapped():
    """Letters alone are no labels of entities, and one that is not mapped is missing."""
    with pytest.raises(SurroundingsFault, match="its labels are O, B, I, of which"):
        task.NerSettings(labels=SAME).label_keys(["O", "B", "I"])
    with pytest.raises(SurroundingsFault, match='of which "B" = "B" makes no tags; map each of them'):
        task.NerSettings(labels={"B": "B", "I": "I"}).label_keys(["O", "B", "I"])
    assert task.NerSettings(labels={"I": "PER"}).label_keys(["O", "B", "I"]) == ["B", "I"]
    assert task.NerSettings().own_labels(["O", "B", "I"]) == 'labels = { "B" = "…", "I" = "…" }'


@pytest.mark.parametrize("names", ["LABEL_0 LABEL_1 LABEL_2 LABEL_3", "0 1 2 3"], ids=["LABEL_n", "n"])
@pytest.mark.parametrize("by", ["name", "number"])
def test_classes_without_names(names, by):
    """Classes that have no names are mapped to tags."""
    keys = names.split() if by == "name" else ["0", "1", "2", "3"]
    tags = dict(zip(keys, ["O", "B-PER", "I-PER", "U-PER"], strict=True))
    row = task.NerSettings(labels=tags)
    tag = names.split()
    assert grouped(f"{tag[1]} {tag[2]} {tag[0]} {tag[3]}", names, labels=tags) == "PER:0-7 PER:9-13"
    assert row.label_keys(tag) == keys[1:]
    assert row.given >= {"PER"}


def test_classes_without_names_cannot_keep_them():
    """Names that say nothing are no labels of entities."""
    with pytest.raises(SurroundingsFault, match="map each of them to its tag"):
        task.NerSettings(labels=SAME).label_keys(["LABEL_0", "LABEL_1"])


def test_whole_tags_are_mapped_too():
    """A row of before, which maps tags that it did not take for tags, stays valid."""
    row = {"E-PER": "PER", "S-PER": "PER", "PER": "PER", "LOC": "LOC", "E-LOC": "LOC", "S-LOC": "LOC"}
    assert grouped("B-PER E-PER O S-LOC", BIOES, labels=row) == "PER:0-7 LOC:9-13"


@pytest.mark.parametrize(
    ("names", "row", "told"),
    [
        ("O B-PER I-PER", {}, []),
        ("O PER LOC", {}, ['tags = "IO": guessed from its labels; write in its row what is right']),
        ("O PER LOC", {"tags": "IO"}, []),
        ("O B-PER I-PER E-mail", {}, [LIKE_TAGS.format('"E-mail"')]),
        ("O B-PER I-PER S-LOC U-GPE", {}, [LIKE_TAGS.format('"S-LOC", "U-GPE"')]),
        ("O B-PER I-PER E-mail", {"tags": "BIO"}, []),
        (BIOES, {"tags": "BIOES"}, []),
        (BIOES, {}, ['tags = "BIOES": guessed from its labels; write in its row what is right']),
        ("B-PER I-PER X", {}, ['outside = "X": guessed from its labels; write in its row what is right']),
        ("B-PER I-PER X", {"outside": "X"}, []),
        (
            "VERB NOUN",
            {},
            [
                'tags = "IO": guessed from its labels; write in its row what is right',
                "each piece of a text is part of an entity, for no label is O; is one of them no entity, write"
                ' outside = "…" in its row',
            ],
        ),
    ],
)
def test_guesses_are_told(names, row, told):
    """What is guessed is told, but for what nearly all models have."""
    assert task.NerSettings(labels=SAME, **row).told(names.split()) == told


@pytest.mark.parametrize("text", ["🙂", "a 🙂 b", "🙂🙃", "Zoë 👩‍👧 naïve"])
@pytest.mark.parametrize("seed", range(3))
def test_letters_in_pieces(text, seed):
    """Pieces of one letter are one entity, so that a golden can be recorded, read and compared."""
    loaded = tagger("bytes", ["B-PER", "B-LOC", "O"], seed)
    (found,) = task.predict(loaded, [text], task.NerSettings(labels=SAME))
    assert invalid(found, "") == []
    ends = [0, *(one.end for one in found.entities)]
    assert all(one.start >= end for one, end in zip(found.entities, ends, strict=False))
    assert to_json(found)


def test_label_line_is_toml():
    """A printed label map is TOML, whatever stands in a label."""
    import tomllib

    labels = {'a "b", c': "d\\e", "": "é…", "tab\t": "x"}
    assert tomllib.loads(label_line(labels)) == {"labels": labels}


def test_outside_is_not_guessed_where_a_row_maps_it():
    """A tag without a letter that a row maps is a label, and a class without a name that it does not map is missing."""
    assert grouped("B-PER O-X O-X B-PER", "B-PER I-PER O-X", labels={"PER": "PER", "O-X": "x"}) == (
        "PER:0-3 x:4-8 PER:9-13"
    )
    row = task.NerSettings(labels={"LABEL_1": "B-PER", "LABEL_2": "I-PER"})
    assert row.label_keys(["LABEL_0", "LABEL_1", "LABEL_2"]) == ["LABEL_0", "LABEL_1", "LABEL_2"]


def test_labels_that_are_numbers():
    """A label that is a number is no class of that number."""
    row = {"labels": {"1": "one", "2": "two"}}
    assert grouped("B-1 I-1 O B-2", "O B-1 I-1 B-2 I-2", **row) == "one:0-7 two:9-13"


def test_texts_without_a_pad_token():
    """Where a tokenizer has no pad token the texts of a batch are read one by one."""
    loaded = tagger("bytes", ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])
    row = task.NerSettings(labels=SAME)
    alone = [task.predict(loaded, [text], row)[0] for text in TEXTS]
    loaded.reader.pad_token = None
    assert task.predict(loaded, TEXTS, row) == alone


def test_labels_of_one_name_stay_apart():
    """Pieces of two labels that a row gives one name are two entities, as in the pipeline."""
    names = {"labels": {"FIRST": "PER", "LAST": "PER"}}
    assert grouped("I-FIRST I-LAST I-LAST O", "O I-FIRST I-LAST", **names) == "PER:0-3 PER:4-8"
