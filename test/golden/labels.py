"""Logistic regression, k-means from given centres, F1, NMI and ARI by scikit-learn.

    python test/golden/labels.py > test/golden/labels.json      (scikit-learn 1.5.2)

Points are a formula of their place, so that both sides build the same without a file.
"""
import json
import math
import numpy as np
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score, f1_score, normalized_mutual_info_score
from sklearn.preprocessing import StandardScaler

N, F, K = 60, 5, 3
points = np.array([[np.float32(math.sin(1.3 * n + 2.1 * f) + (n % K) * math.cos(f) * 0.7) for f in range(F)] for n in range(N)], dtype=np.float32).astype(np.float64)
labels = np.array([n % K if n % 7 else (n + 1) % K for n in range(N)])
train, test = np.arange(40), np.arange(40, N)
out = {"logistic": []}
for classes in (3, 2):
    y = np.minimum(labels, classes - 1)
    for C in (0.1, 1, 10):
        for standardise in (False, True):
            x = StandardScaler().fit(points[train]).transform(points) if standardise else points
            model = LogisticRegression(C=C, tol=1e-10, max_iter=100000).fit(x[train], y[train])
            predicted = model.predict(x)
            out["logistic"].append({
                "classes": classes, "C": C, "standardise": standardise, "weights": model.coef_.ravel().tolist(), "intercepts": model.intercept_.tolist(),
                "predicted": predicted.tolist(),
                "micro": f1_score(y[test], predicted[test], average="micro"), "macro": f1_score(y[test], predicted[test], average="macro"),
            })
first = points[[0, 1, 2, 5]]
means = KMeans(4, init=first, n_init=1, tol=1e-4, algorithm="lloyd").fit(points)
out["kMeans"] = {"labels": means.labels_.tolist(), "inertia": means.inertia_, "centres": means.cluster_centers_.ravel().tolist()}
out["nmi"] = normalized_mutual_info_score(labels, means.labels_)
out["ari"] = adjusted_rand_score(labels, means.labels_)
out["best"] = KMeans(3, n_init=10, random_state=1).fit(points).inertia_
print(json.dumps(out))
