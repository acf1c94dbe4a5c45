#!/usr/bin/env python3
"""Writes goldens.json: tiny vocabularies trained on the text below, and what the package `tokenizers` makes of test texts.

Run: python3 tests/data/tokenizer/make_goldens.py   (needs the PyPI package tokenizers; the committed file: 0.23)
"""
import json
import os

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from pre_tokenizer_regexes import STAGES

HERE = os.path.dirname(os.path.abspath(__file__))

CORPUS = """The quick brown fox jumps over the lazy dog, and the dog doesn't mind: it's asleep. They're all here, I'll say so.
We've counted 1234567 stars; 12 of them, or 3.14 per cent, were blue. "Who's there?" she asked. HELLO WORLD! HTTPServer, iPhone.
def add(a, b):\n    return a + b\n\nfor (int i = 0; i < 10; ++i) { sum += x[i]; }  // the total
Der Fluß fließt über die Brücke; à la carte, déjà vu, naïve. Привет, мир! Как дела? Хорошо, спасибо.
今天天气很好，我们去公园散步吧。日本語のテキストもあります。カタカナとひらがな。안녕하세요, 세계! مرحبا بالعالم नमस्ते दुनिया
the there then other another mother father weather whether together this that these those thing think thought through
"""

TEXTS = [
    "",
    " ",
    "Hello world",
    "Hello, y'all! How are you 😁 ?I don't know; they'RE SURE it's John'S.",
    "  leading, and trailing   ",
    "\t\n \r\n\n  line\n\nbreaks \n x\r\n",
    "1 12 123 1234 12345 123456 1234567 3.14 1,000,000 ²½Ⅷ ٣٤٥",
    "HTTPServer iPhone ABCdef abcDEF Ǆǅ ʰªº ſ'ſ",
    "naïve café e\u0301\u0301te\u0301 नमस्ते ภาษาไทย",
    "Привет, МИР! Как-дела?",
    "今天天气很好，我们去公园123散步吧。日本語のカタカナ、ひらがな。",
    "안녕하세요 세계ㄱㄴ ㄅㄆㄇ",
    "مرحبا بالعالم؟ ۔ ،",
    "👨‍👩‍👧‍👦 🇩🇪 👍🏽 ☕️",
    "def f(x):\n    if x > 0:\n\t\treturn x/2 // half\n\n\n    return -x",
    "a\u00a0b\u2003c\u3000d\u0085e\u200bf\u2028g",
    "!!! ... ??? ——— «quoted» “quoted” …and `code` ^ ~ | $5 + 3 = 8",
    "https://example.org/a/b?c=d&e=f#g",
    "snake_case camelCase kebab-case 'tis 'S 'LL 'd 'm 't 've",
    "<sentinel:12> IMGIMGABZ <sentinel:> IMGIMGZ",
    "x" * 40 + " " * 40 + "y",
    "\u0000\u0001\u001f\u007f control",
    "ﬁﬂ Ａｂｃ １２３ ！？",
    "words joined_by_underscores123and456numbers",
    "The weather is together with another mother, thinking through those things.",
]


def sizes(pieces):
    return [len(p.encode()) for p in pieces if p]


def pre_tokenizer(name):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(s), "isolated") for s in STAGES[name]])


def spread(vocab):
    tokens = [None] * len(vocab)
    for token, number in vocab.items():
        tokens[number] = token
    return tokens


def byte_pairs():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    trainer = trainers.BpeTrainer(vocab_size=520, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
                                  special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.train_from_iterator(CORPUS.split("\n\n"), trainer)
    saved = json.loads(tokenizer.to_str())["model"]
    merges = [" ".join(m) if isinstance(m, list) else m for m in saved["merges"]]
    tokens = spread(saved["vocab"])
    ids = {}
    for name in STAGES:
        if name == "gemma4":
            continue
        stages = [pre_tokenizers.Split(Regex(s), "isolated") for s in STAGES[name]]
        ignore = name in ("llama-bpe", "minicpm5", "tekken", "youtu")
        model = models.BPE(vocab=saved["vocab"], merges=[tuple(m.split(" ")) for m in merges], ignore_merges=ignore)
        plain = Tokenizer(model)
        plain.pre_tokenizer = pre_tokenizers.Sequence(
            stages + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
        ids[name] = [plain.encode(text).ids for text in TEXTS]
    return {"tokens": tokens, "merges": merges, "types": [3] * 3 + [1] * (len(tokens) - 3), "ids": ids}


def sentence_pieces():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("▁[^▁]*"), "isolated")
    tokenizer.train_from_iterator(CORPUS.split("\n"), trainers.BpeTrainer(vocab_size=420, show_progress=False))
    learned = spread(json.loads(tokenizer.to_str())["model"]["vocab"])
    learned = [t for t in learned if "\n" not in t]
    learned.sort(key=lambda t: len(t) == 1)   # SentencePiece lists the single characters last
    tokens = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % b for b in range(256)] + learned
    types = [2, 3, 3] + [6] * 256 + [1] * len(learned)
    scores = [0.0] * 259 + [-float(i) for i in range(len(learned))]
    vocab = {t: i for i, t in enumerate(tokens)}
    merges = []
    for token in learned:
        for cut in range(1, len(token)):
            if token[:cut] in vocab and token[cut:] in vocab:
                merges.append((token[:cut], token[cut:]))
    model = models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    plain = Tokenizer(model)
    plain.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    return {"tokens": tokens, "types": types, "scores": scores, "ids": [plain.encode(text).ids for text in TEXTS]}


def unigrams():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=300, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>",
                                      show_progress=False)
    tokenizer.train_from_iterator(CORPUS.split("\n"), trainer)
    saved = json.loads(tokenizer.to_str())["model"]["vocab"]
    # Scores with few digits, and no two alike, so that rounding decides nothing.
    vocab = [(t, round(s, 4) - i * 1e-6 if i > 2 else 0.0) for i, (t, s) in enumerate(saved)]
    # White space that Metaspace takes otherwise than SentencePiece is left out.
    texts = [t for t in TEXTS if not t.startswith(" ") and not any(c in t for c in "\n\r\t\u0085\u2028")]
    plain = Tokenizer(models.Unigram(vocab, unk_id=2, byte_fallback=False))
    plain.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    return {"tokens": [t for t, _ in vocab], "scores": [s for _, s in vocab], "types": [3, 3, 2] + [1] * (len(vocab) - 3),
            "texts": texts, "ids": [plain.encode(text).ids for text in texts]}


def word_pieces():
    def build(model):
        tokenizer = Tokenizer(model)
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        return tokenizer

    learner = build(models.WordPiece(unk_token="[UNK]"))
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    learner.train_from_iterator(CORPUS.split("\n"), trainers.WordPieceTrainer(vocab_size=520, special_tokens=special,
                                                                             show_progress=False))
    vocab = json.loads(learner.to_str())["model"]["vocab"]
    plain = build(models.WordPiece(vocab=vocab, unk_token="[UNK]", max_input_chars_per_word=100))
    tokens = [t if t in special else t[2:] if t.startswith("##") else "▁" + t for t in spread(vocab)]
    texts = TEXTS + ["z" * 100, "the" + "y" * 98, "İstanbul ÅNGSTRÖM Ñandú", "한국어 각 갃"]
    return {"tokens": tokens, "types": [3, 2, 3, 3, 3] + [1] * (len(tokens) - 5), "texts": texts,
            "ids": [plain.encode(text).ids for text in texts]}


goldens = {
    "texts": TEXTS,
    "pieces": {name: [sizes(p for p, _ in pre_tokenizer(name).pre_tokenize_str(text)) for text in TEXTS] for name in STAGES},
    "gpt2": byte_pairs(),
    "llama": sentence_pieces(),
    "t5": unigrams(),
    "bert": word_pieces(),
}
with open(os.path.join(HERE, "goldens.json"), "w", encoding="utf-8") as out:
    json.dump(goldens, out, ensure_ascii=True, separators=(",", ":"), indent=None)
    out.write("\n")
